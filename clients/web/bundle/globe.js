var At=[410,660,1600,2891],kt=6371;function rt(r,{surface_radius_km:t,length_unit:e="km"}){let s=r.length-1;if(e!=="km"||Math.abs(t-kt)>30||s<1)return[];let[o,i]=[r[0].depth_km,r[s].depth_km],a=(i-o)/s;return At.filter(l=>l>=o-a&&l<=i+a).map(l=>{let n=r.findIndex(({depth_km:m})=>m>=l);if(n<=0)return{depthKm:l,place:n===0?0:1};let[h,c]=[r[n-1].depth_km,r[n].depth_km];return{depthKm:l,place:(n-1+(l-h)/(c-h))/s}})}function at(r,t){let e=Math.abs(t[1]-t[0])||1,s=Math.floor(Math.log10(e))-3,o=Math.floor(Math.log10(Math.max(Math.abs(t[0]),Math.abs(t[1]),Math.abs(r))));if(o>9||o<-4){let i=Math.min(nt,Math.max(3,Math.floor(Math.log10(Math.abs(r)||1))-s));return r===0?"0":r.toExponential(i).replace("e+","e")}return r.toFixed(Math.min(nt,Math.max(0,-s)))}var nt=8,Z=r=>Rt(r)?` ${r.trim()}`:"";var Rt=r=>!["","1"].includes(r.trim());function lt({length_unit:r="km",length_decimals:t=0}){let e={minimumFractionDigits:t,maximumFractionDigits:t},s=new Intl.NumberFormat("en",e);return o=>s.format(o===0?0:o)+Z(r)}var ht=(r,t,e=1)=>`${q(r,e)} ${I(t,e)}`,q=(r,t=0)=>ct(r,t,"N","S",r===0),I=(r,t=0)=>ct(r,t,"E","W",r===0||Math.abs(r)===180);function ct(r,t,e,s,o){let i=`${Math.abs(r).toFixed(t)}\xB0`;return o?i:`${i} ${r>0?e:s}`}var ft=Object.freeze({lat:22,lng:0,zoom:1,west:-58,east:42,floor:0}),[zt,Pt]=[.5,8],N=5,H=r=>((r+180)%360+360)%360-180,K=(r,t,e)=>Math.min(t,Math.max(r,e));function ut({lat:r,lng:t,zoom:e,west:s,east:o,floor:i}){let a=(l,n=10)=>Math.round(l*n)/n+0;return Object.freeze({lat:a(K(-90,90,r)),lng:a(H(t)),zoom:a(K(zt,Pt,e),100),west:a(H(s)),east:a(H(o)),floor:a(K(-90,90,i))})}function M(r,t={},...e){let s=document.createElement(r);for(let[o,i]of Object.entries(t))typeof i=="function"?s.addEventListener(o,i):i!==!1&&s.setAttribute(o,i===!0?"":i);return s.append(...e),s}var dt=(r,t,e,s={})=>M("button",{type:"button",name:r,click:e,...s},t);function Y(r,t,e){let[s,o]=It(r.latitudes_deg,t),[i,a,l]=Nt(r.longitudes_deg,e),n=[{row:s,column:i,weight:(1-o)*(1-l)},{row:s,column:a,weight:(1-o)*l},{row:s+1,column:i,weight:o*(1-l)},{row:s+1,column:a,weight:o*l}],h=(o>.5?2:0)+(l>.5?1:0);return n.unshift(...n.splice(h,1)),n.filter(({weight:c})=>c>0)}function J(r,t){if(Number.isNaN(t[0]))return NaN;let[e,s]=[0,0];return r.forEach(({weight:o},i)=>{Number.isNaN(t[i])||(e+=o*t[i],s+=o)}),e/s}function mt(r,t,e,s){let o=Y(t,e,s);return J(o,o.map(({row:i,column:a})=>r.values[i*r.shape[1]+a]))}function It(r,t){let e=r.length-1,s=r.findIndex(i=>i<t);if(s===0)return[0,0];if(s===-1)return[e,0];let o=r[s-1];return[s-1,(o-t)/(o-r[s])]}function Nt(r,t){let e=r[0],s=e+((t-e)%360+360)%360,o=r.findIndex(n=>n>s),i=o===-1?0:o,a=(i+r.length-1)%r.length,l=o===-1?e+360:r[i];return[a,i,(s-r[a])/(l-r[a])]}var Ft=({variable:r,t,r:e})=>`${r}/${t}/${e}`,pt=r=>Ft(r)+(r.draw?`@${r.draw}`:"")+(r.anomaly?"~anomaly":"")+(r.range?`~${r.range}`:"");function gt({lat:r,lng:t}){let e=s=>Math.round(s*100)/100+0;return Object.freeze({lat:e(r),lng:e(t)})}var wt=`#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;var xt=`#version 300 es
precision highp float;
precision highp sampler3D;
uniform vec2 size;        // of the canvas, in pixels
uniform float scale;      // pixels of a radius
uniform float ratio;      // pixels of a CSS pixel
uniform vec3 right, up, forward;
uniform vec3 west, east;  // normals of the meridians' planes, eastwards
uniform float floorZ;
uniform bool isWide;      // more than half a turn is cut away
uniform float core, peel;
uniform vec2 rings;       // radii, or 0
uniform bool hasShell, hasVolume, hasGraticule;
uniform float radiusRow;  // of the table; rows 2 and 3 are for latitude and longitude
uniform float firstLng;   // of the first column, in radians
uniform sampler2D shell;
uniform sampler3D volume;
uniform sampler2D table;
uniform sampler2D palette;
uniform vec2 range;       // the value of the first colour, and colours for a unit of value
uniform int samples;      // along each side of a pixel
uniform vec4 empty;       // the colour of what has no values
out vec4 color;

const float PI = 3.14159265358979;

// Where a share of an axis lies among its texels.
float texelOf(float share, float row) {
  float at = clamp(share, 0.0, 1.0) * 1023.0;
  int k = int(at);
  float before = texelFetch(table, ivec2(k, int(row)), 0).r;
  float after = texelFetch(table, ivec2(min(k + 1, 1023), int(row)), 0).r;
  return mix(before, after, at - float(k));
}

vec4 legend(float value) {
  if (!(value == value)) return empty;
  int index = int(clamp((value - range.x) * range.y + 0.5, 0.0, 254.0));
  return vec4(texelFetch(palette, ivec2(index, 0), 0).rgb, 1.0);
}

vec2 texelsOf(vec3 p, float radius) {
  float latitude = asin(clamp(p.z / radius, -1.0, 1.0));
  float turned = (atan(p.y, p.x) - firstLng) / (2.0 * PI);
  return vec2(texelOf(fract(turned), 3.0), texelOf(latitude / PI + 0.5, 2.0));
}

vec4 shellColor(vec3 p) {
  if (!hasShell) return empty;
  vec2 at = texelsOf(p, peel);
  ivec2 a = ivec2(at), most = textureSize(shell, 0) - 1;
  ivec2 b = min(a + 1, most);
  vec2 share = at - vec2(a);
  float near = texelFetch(shell, ivec2(share.x > 0.5 ? b.x : a.x, share.y > 0.5 ? b.y : a.y), 0).r;
  float low = mix(texelFetch(shell, a, 0).r, texelFetch(shell, ivec2(b.x, a.y), 0).r, share.x);
  float high = mix(texelFetch(shell, ivec2(a.x, b.y), 0).r, texelFetch(shell, b, 0).r, share.x);
  float value = mix(low, high, share.y);
  return legend(value == value ? value : near);
}

vec4 volumeColor(vec3 p, float radius) {
  if (!hasVolume) return empty;
  vec2 at = texelsOf(p, radius);
  float level = texelOf((radius - core) / (1.0 - core), radiusRow);
  return legend(textureLod(volume, (vec3(at, level) + 0.5) / vec3(textureSize(volume, 0)), 0.0).r);
}

bool isBetween(vec3 p) {
  bool a = dot(p, west) > 0.0, b = dot(p, east) < 0.0;
  return isWide ? a || b : a && b;
}

// Pixels from a line on a surface with a normal, where a function with a gradient is off by a difference.
float pixels(float difference, vec3 gradient, vec3 normal) {
  vec3 steep = forward / (abs(dot(forward, normal)) < 1e-4 ? 1e-4 : dot(forward, normal));
  vec2 onScreen = vec2(dot(gradient, right - steep * dot(right, normal)), dot(gradient, up - steep * dot(up, normal)));
  return abs(difference) / max(length(onScreen), 1e-4) * scale / ratio;
}

float line(float distance, float width) {
  return clamp((width - distance) * ratio + 0.5, 0.0, 1.0);
}

// Pixels from the meridians of the cut.
float meridians(vec3 p, vec3 normal) {
  float a = dot(p, vec3(west.y, -west.x, 0.0)) > 0.0 ? pixels(dot(p, west), west, normal) : 9.0;
  float b = dot(p, vec3(east.y, -east.x, 0.0)) > 0.0 ? pixels(dot(p, east), east, normal) : 9.0;
  return min(a, b);
}

vec4 planeColor(vec3 p, vec3 normal, float edge) {
  float radius = length(p);
  vec3 outwards = p / radius;
  vec4 found = volumeColor(p, radius);
  for (int i = 0; i < 2; i++) {
    if (rings[i] <= 0.0) continue;
    float far = pixels(radius - rings[i], outwards, normal);
    found.rgb = mix(found.rgb, vec3(0.0), 0.3 * line(far, 1.2));
    found.rgb = mix(found.rgb, vec3(1.0), 0.75 * line(far, 0.45));
  }
  if (peel < 0.9999) {
    float far = pixels(radius - peel, outwards, normal);
    found.rgb = mix(found.rgb, vec3(0.0), 0.45 * line(far, 2.2));
    found.rgb = mix(found.rgb, vec3(1.0), line(far, 1.1));
  }
  edge = min(edge, min(pixels(radius - core, outwards, normal), pixels(radius - 1.0, outwards, normal)));
  found.rgb = mix(found.rgb, vec3(0.04), 0.7 * line(edge, 0.8));
  return found;
}

vec4 shellAt(vec3 p, float depth) {
  vec3 outwards = p / peel;
  vec4 found = shellColor(p);
  if (hasGraticule) {
    float around = length(p.xy);
    vec3 north = vec3(-p.z * p.xy / max(around, 1e-5), around) / peel;
    float third = PI / 6.0;
    float lat = asin(outwards.z), lng = atan(p.y, p.x);
    float parallel = pixels((lat - third * round(lat / third)) * peel, north, outwards);
    float meridian = around < 0.12 ? 9.0 : pixels((lng - third * round(lng / third)) * around, vec3(-p.y, p.x, 0.0) / around, outwards);
    found.rgb = mix(found.rgb, vec3(1.0), 0.22 * line(min(parallel, meridian), 0.5));
  }
  float edge = 9.0;
  if (p.z > floorZ) {
    edge = meridians(p, outwards);
  }
  else if (isBetween(p)) edge = min(edge, pixels(p.z - floorZ, vec3(0.0, 0.0, 1.0), outwards));
  found.rgb = mix(found.rgb, vec3(0.04), 0.7 * line(edge, 0.8));
  found.rgb *= mix(0.45, 1.0, smoothstep(0.0, 0.5, depth / peel));
  return found;
}

vec4 coreAt(vec3 p, float depth) {
  vec3 outwards = p / core;
  vec3 seen = vec3(dot(outwards, right), dot(outwards, up), depth / core);
  vec3 light = normalize(vec3(-0.45, 0.6, 0.66));
  float bright = 0.3 + 0.7 * max(0.0, dot(seen, light));
  float shine = pow(max(0.0, dot(reflect(-light, seen), vec3(0.0, 0.0, 1.0))), 24.0);
  float gap = min(min(abs(dot(p, west)), abs(dot(p, east))), abs(p.z - floorZ));
  bright *= mix(0.5, 1.0, smoothstep(0.0, 0.16, gap));
  return vec4(vec3(0.62, 0.57, 0.52) * bright + 0.2 * shine, 1.0);
}

vec4 rayAt(vec2 at) {
  vec3 start = right * at.x + up * at.y;
  float square = dot(at, at);
  float best = -2.0;
  int surface = 0;
  float depth = square < peel * peel ? sqrt(peel * peel - square) : -2.0;
  vec3 p = start + depth * forward;
  if (depth > -2.0 && !(p.z > floorZ && isBetween(p))) { best = depth; surface = 1; }
  if (square < core * core) {
    depth = sqrt(core * core - square);
    if (depth > best) { best = depth; surface = 2; }
  }
  for (int i = 0; i < 2; i++) {
    vec3 normal = i == 0 ? west : east;
    float slope = dot(forward, normal);
    if (abs(slope) < 1e-5) continue;
    depth = -dot(start, normal) / slope;
    p = start + depth * forward;
    float radius = length(p);
    if (depth > best && dot(p, vec3(normal.y, -normal.x, 0.0)) > 0.0 && p.z > floorZ && radius >= core && radius <= 1.0) {
      best = depth;
      surface = 3 + i;
    }
  }
  if (abs(forward.z) > 1e-5) {
    depth = (floorZ - start.z) / forward.z;
    p = start + depth * forward;
    float radius = length(p);
    if (depth > best && isBetween(p) && radius >= core && radius <= 1.0) { best = depth; surface = 5; }
  }
  p = start + best * forward;
  if (surface == 1) return shellAt(p, best);
  if (surface == 2) return coreAt(p, best);
  if (surface == 5) return planeColor(p, vec3(0.0, 0.0, 1.0), meridians(p, vec3(0.0, 0.0, 1.0)));
  if (surface >= 3) {
    vec3 normal = surface == 3 ? west : east;
    return planeColor(p, normal, pixels(p.z - floorZ, vec3(0.0, 0.0, 1.0), normal));
  }
  // What was peeled off, as far as the surface.
  float rim = abs(sqrt(square) - 1.0) * scale / ratio;
  return vec4(0.55, 0.6, 0.66, 1.0) * 0.7 * line(rim, 0.5);
}

void main() {
  vec4 sum = vec4(0.0);
  for (int i = 0; i < samples * samples; i++) {
    vec2 within = (vec2(i % samples, i / samples) + 0.5) / float(samples) - 0.5;
    sum += rayAt((gl_FragCoord.xy + within - 0.5 * size) / scale);
  }
  color = sum / float(samples * samples);
}`;var $t=26;function Q(r){let t=Math.max(1,Math.ceil((r-1)/($t-1)));return Array.from({length:r},(e,s)=>s).filter(e=>e%t===0||e===r-1)}function vt({latitudes_deg:r,longitudes_deg:t},e,s){let[o,i]=[r[0]>=90,r.at(-1)<=-90],a=[...i?[]:[-90],...[...r].reverse(),...o?[]:[90]],l=[...t,t[0]+360],[n,h,c]=[l.length,a.length,t.length],m=Q(e.length).map(u=>e[u]),x=Float32Array.from([[e,u=>s+u*(1-s)],[m,u=>s+u*(1-s)],[a,u=>-90+180*u],[l,u=>t[0]+360*u]].flatMap(([u,w])=>Array.from({length:1024},(E,f)=>tt(u,w(f/1023))))),g=(u,{middle:w,half:E})=>{let f=new Float32Array(n*h),d=i?0:1;return r.forEach((b,v)=>{let S=(d+r.length-1-v)*n;for(let P=0;P<c;P++)f[S+P]=(u[v*c+P]-w)/E;f[S+c]=f[S]}),i||f.fill(bt(f,n,c),0,n),o||f.fill(bt(f,(h-2)*n,c),(h-1)*n),f};return{columns:n,rows:h,table:x,firstLng:t[0],laidOut:g}}function bt(r,t,e){let s=0;for(let o=t;o<t+e;o++)s+=r[o];return s/e}function tt(r,t){let e=r.findIndex(s=>s>=t);return e===0?0:e<0?r.length-1:e-1+(t-r[e-1])/(r[e]-r[e-1])}var F=class{#t;#e;#s;#n=null;#l=0;#o=null;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s}shown(t){let{engine:e,source:s}=this.#t;if(e.chosen==="browser"){if(this.#i(),e.computer===null||e.computer===this.#n)return;this.#n=e.computer,this.#n.fill(this.#e,i=>i.error?this.#s.failed(i.error):this.#s.shell(i));return}this.#r();let o=JSON.stringify([t.variable,t.t,t.draw,t.anomaly]);this.#o?.key===o||!s.fetchShell||(this.#i(),this.#o={key:o,stopping:new AbortController},this.#l=setTimeout(()=>this.#c(t,this.#o.stopping.signal),400))}stop(){this.#i(),this.#r()}#i(){clearTimeout(this.#l),this.#o?.stopping.abort(),this.#o=null}#r(){this.#n?.fill(null),this.#n=null}async#c(t,e){let{variable:s,t:o,draw:i,anomaly:a}=t,l=[...this.#e],n=async()=>{for(;l.length>0&&!e.aborted;){let h=l.shift(),c=await this.#t.source.fetchShell({...t,r:h},e);if(e.aborted)return;c&&this.#s.shell({of:{variable:s,t:o,draw:i,anomaly:a},level:h,values:c.values})}};try{await Promise.all(Array.from({length:3},n))}catch(h){e.aborted||this.#s.failed(h.message)}}};var T=r=>r*Math.PI/180,$=r=>r*180/Math.PI,L=(r,t)=>r[0]*t[0]+r[1]*t[1]+r[2]*t[2];function y(r,t){let[e,s]=[T(r),T(t)];return[Math.cos(e)*Math.cos(s),Math.cos(e)*Math.sin(s),Math.sin(e)]}function A({lat:r,lng:t}){let[e,s]=[T(r),T(t)];return[[-Math.sin(s),Math.cos(s),0],[-Math.sin(e)*Math.cos(s),-Math.sin(e)*Math.sin(s),Math.cos(e)],y(r,t)]}function k(r,t){let[e,s,o]=A(r).map(i=>L(i,t));return{x:e,y:s,depth:o}}var O=({west:r,east:t})=>((t-r)%360+360)%360;function R(r){let t=e=>[-Math.sin(T(e)),Math.cos(T(e)),0];return{west:t(r.west),east:t(r.east),floor:Math.sin(T(r.floor)),isWide:O(r)>180}}function Et({west:r,east:t,isWide:e},s){let[o,i]=[L(s,r)>0,L(s,t)<0];return e?o||i:o&&i}function D(r,{core:t,peel:e},s,o){let[i,a,l]=A(r),n=R(r),h=i.map((f,d)=>f*s+a[d]*o),c=f=>h.map((d,b)=>d+f*l[b]),m=[],p=(f,d,b)=>{let v=c(d);Number.isFinite(d)&&b(v,Math.hypot(...v))&&m.push({surface:f,depth:d,p:v})},x=f=>f>=t&&f<=1,g=s*s+o*o;p("shell",Math.sqrt(e*e-g),f=>!(f[2]>n.floor&&Et(n,f))),p("core",Math.sqrt(t*t-g),()=>!0);for(let f of["west","east"]){let d=n[f],b=v=>v[0]*d[1]-v[1]*d[0]>0;p(f,-L(h,d)/L(l,d),(v,S)=>b(v)&&v[2]>n.floor&&x(S))}if(p("floor",(n.floor-h[2])/l[2],(f,d)=>Et(n,f)&&x(d)),m.length===0)return null;let{surface:u,p:w}=m.reduce((f,d)=>d.depth>f.depth?d:f),E=Math.hypot(...w);return{surface:u,radius:E,lat:$(Math.asin(w[2]/E)),lng:$(Math.atan2(w[1],w[0]))}}function Mt(r,t,e){let s=Math.max(1,Math.hypot(t,e)),[o,i]=[t/s,e/s],a=Math.sqrt(Math.max(0,1-o*o-i*i)),[l,n,h]=A(r),c=l.map((m,p)=>m*o+n[p]*i+h[p]*a);return{lat:$(Math.asin(Math.max(-1,Math.min(1,c[2])))),lng:$(Math.atan2(c[1],c[0]))}}var Dt={ArrowLeft:-1,ArrowDown:-1,ArrowRight:1,ArrowUp:1,PageDown:-10,PageUp:10},et={west:{sign:"W",words:"West plane of the cut",most:180,format:I},east:{sign:"E",words:"East plane of the cut",most:180,format:I},floor:{sign:"\u2195",words:"Floor of the cut",most:90,format:q}},C=class{#t;#e;#s;#n=null;#l;constructor(t,e){this.#t=t,this.#e=e,this.#s=Object.fromEntries(Object.keys(et).map(s=>[s,this.#o(s)]))}place(t,e,s){this.#n=t;let o=(t.floor+90)/2,i={west:y(o,t.west),east:y(o,t.east),floor:y(t.floor,t.west+O(t)/2)};for(let[a,l]of Object.entries(this.#s)){let{x:n,y:h,depth:c}=k(t,i[a]),[m,p]=e(n,h);l.style.translate=`${Math.round(m)}px ${Math.round(p)}px`,l.classList.toggle("behind",c<0&&Math.hypot(n,h)<s);let{words:x,most:g,format:u}=et[a],w={label:x,valuemin:-g,valuemax:g,valuenow:t[a],valuetext:u(t[a],1)};for(let[E,f]of Object.entries(w))l.setAttribute(`aria-${E}`,String(f))}}#o(t){let{sign:e,words:s}=et[t],o=dt(`globe-${t}`,e,()=>{},{class:"handle",role:"slider",title:s});return o.addEventListener("pointerdown",i=>o.setPointerCapture(i.pointerId)),o.addEventListener("pointermove",i=>{if(!o.hasPointerCapture(i.pointerId))return;let{x:a,y:l}=this.#e.pointOf(i),{lat:n,lng:h}=Mt(this.#n,a,l);this.#i(t,t==="floor"?n:h)}),o.addEventListener("keydown",i=>{let a=Dt[i.key];!a||i.altKey||i.ctrlKey||i.metaKey||(i.preventDefault(),this.#i(t,this.#n[t]+a*(i.shiftKey?10:1)))}),this.#t.append(o),o}#i(t,e){let s={...this.#n,[t]:t==="floor"?Math.min(90-N,e):e},o=O(s);o>=N&&o<=360-N&&this.#e.moved(s)}};var W=class{#t;#e;#s;place=null;hovered=null;constructor(t,e,s,o){this.#e=M("i",{class:"globe-mark chosen"}),this.#s=M("i",{class:"globe-mark"}),this.#t=e.map(i=>({radius:(o-i)/s,label:M("span",{class:"globe-depth","aria-hidden":"true"},String(i))})),t.append(this.#e,this.#s,...this.#t.map(({label:i})=>i))}put(t,e,s){let o=(h,c,m)=>{let{x:p,y:x,depth:g}=k(t,c),u=g>0&&D(t,e,p,x)?.surface===m;h.hidden=!u,u&&(h.style.translate=s(p,x).map(w=>`${Math.round(w)}px`).join(" "))};for(let[h,c]of[[this.#e,this.place],[this.#s,this.hovered]])c?o(h,y(c.lat,c.lng).map(m=>m*e.peel),"shell"):h.hidden=!0;let i=R(t),a=h=>Math.abs(k(t,i[h]).depth),l=a("west")>a("east")?"west":"east",n=t.floor+.22*(90-t.floor);for(let{radius:h,label:c}of this.#t)o(c,y(n,t[l]).map(m=>m*h),l)}};import{CRS as yt,LatLng as ge,Map as we,Projection as Ct}from"./leaflet.js?v=afbbf00646bfde78";var be={WorldCRS84Quad:{crs:yt.EPSG4326,columns:2,maxLatitude:90},WebMercatorQuad:{crs:yt.EPSG3857,columns:1,maxLatitude:Ct.SphericalMercator.MAX_LATITUDE}};var st=r=>r.options.maxBounds.getNorth();var j=class{#t;#e=document.createElement("canvas");#s;constructor(t,e,s){this.#t=t,this.#s=s,this.#e.className=`viewport-canvas ${e}`,t.getContainer().append(this.#e),t.on("move resize",()=>this.redraw())}setVisible(t){this.#e.hidden=!t,this.redraw()}redraw(){if(this.#e.hidden)return;let{x:t,y:e}=this.#t.getSize(),s=window.devicePixelRatio||1;this.#e.width=Math.round(t*s),this.#e.height=Math.round(e*s),this.#e.style.width=`${t}px`,this.#e.style.height=`${e}px`;let o=this.#e.getContext("2d");o.scale(s,s);let{min:i}=this.#t.getPixelBounds(),a=this.#t.getBounds();this.#s(o,{width:t,height:e,left:i.x,top:i.y,zoom:this.#t.getZoom(),west:a.getWest(),east:a.getEast(),north:Math.min(a.getNorth(),st(this.#t)),south:Math.max(a.getSouth(),-st(this.#t)),pointOf:(l,n)=>this.#t.project([l,n]).subtract(i)})}};var Wt=5,U=class{#t=null;#e=null;#s;constructor(t){this.#s=new j(t,"marks",(e,s)=>this.#n(e,s))}show(t){this.#t=t,this.#s.setVisible(t!==null)}mark(t){t===null&&this.#e===null||(this.#e=t,this.#s.redraw())}#n(t,{west:e,east:s,north:o,pointOf:i}){if(this.#t===null)return;let{west:a,floor:l}=this.#t,n=O(this.#t),h=Math.ceil(n/Wt),c=Array.from({length:h+1},(g,u)=>[l,a+n*u/h]),m=[[Math.max(l,o),a],...c,[Math.max(l,o),a+n]];for(let g=Math.ceil((e-a-n)/360);a+360*g<=s;g++)for(let[u,w]of[[4,"rgb(0 0 0 / 0.4)"],[1.5,"#fff"]]){t.beginPath();for(let[E,f]of m){let{x:d,y:b}=i(E,f+360*g);t.lineTo(d,b)}t.setLineDash(u>2?[]:[7,4]),t.lineWidth=u,t.strokeStyle=w,t.stroke()}if(t.setLineDash([]),this.#e===null)return;let{lat:p,lng:x}=this.#e;for(let g=Math.ceil((e-x)/360);x+360*g<=s;g++){let{x:u,y:w}=i(p,x+360*g);t.beginPath(),t.arc(u,w,5,0,2*Math.PI),t.fillStyle="#fff",t.fill(),t.lineWidth=2,t.strokeStyle="#000",t.stroke()}}};var Tt={shell:0,volume:1,table:2,palette:3},Ot={fine:0,coarse:1},X=class{#t;#e;#s;#n;#l={};#o={};#i=[];constructor(t,e,s){if(this.#t=t,this.#s=e,this.#e=t.getContext("webgl2",{antialias:!1,depth:!1,powerPreference:"high-performance"}),this.#e===null)throw new Error("This browser has no WebGL 2, which the globe needs. The map shows the same values.");t.addEventListener("webglcontextlost",o=>{o.preventDefault(),s.lost()}),t.addEventListener("webglcontextrestored",()=>{this.#r(),s.restored()}),this.#r()}get mostLevels(){return this.#e.getParameter(this.#e.MAX_3D_TEXTURE_SIZE)}setShell(t){let e=this.#e,{columns:s,rows:o}=this.#s;this.#u("shell",e.TEXTURE_2D,this.#o.shell),e.texImage2D(e.TEXTURE_2D,0,e.R32F,s,o,0,e.RED,e.FLOAT,t),this.#o.hasShell=!0}setPalette(t){let e=this.#e,s=Uint8Array.from(t.flatMap(o=>[1,3,5].map(i=>parseInt(o.slice(i,i+2),16)).concat(255)));this.#u("palette",e.TEXTURE_2D,this.#o.palette),e.texImage2D(e.TEXTURE_2D,0,e.RGBA8,t.length,1,0,e.RGBA,e.UNSIGNED_BYTE,s)}makeVolume(t,e){let s=this.#e,{columns:o,rows:i}=this.#s;s.deleteTexture(this.#i[t]??null),this.#i[t]=this.#c(s.TEXTURE_3D,s.LINEAR),this.#u("volume",s.TEXTURE_3D,this.#i[t]),s.texStorage3D(s.TEXTURE_3D,1,s.R16F,o,i,e)}fill(t,e,s){let o=this.#e,{columns:i,rows:a}=this.#s;this.#u("volume",o.TEXTURE_3D,this.#i[t]),o.texSubImage3D(o.TEXTURE_3D,0,0,0,e,i,a,1,o.RED,o.FLOAT,s)}draw({view:t,shape:e,rings:s,range:[o,i],volume:a,hasGraticule:l,samples:n}){let[h,{width:c,height:m}]=[this.#e,this.#t];if(h.isContextLost())return;let p=R(t),[x,g,u]=A(t),w=window.devicePixelRatio||1,E={scale:z(c,m,t),ratio:w,floorZ:p.floor,core:e.core,peel:e.peel,firstLng:this.#s.firstLng*Math.PI/180,radiusRow:a?.isFine?Ot.fine:Ot.coarse},f={isWide:p.isWide,hasShell:!!this.#o.hasShell,hasVolume:a!==null,hasGraticule:l,samples:n};h.useProgram(this.#n);for(let[d,b]of Object.entries(E))h.uniform1f(this.#h(d),b);for(let[d,b]of Object.entries(f))h.uniform1i(this.#h(d),Number(b));for(let[d,b]of Object.entries({right:x,up:g,forward:u,west:p.west,east:p.east}))h.uniform3fv(this.#h(d),b);h.uniform2f(this.#h("size"),c,m),h.uniform2f(this.#h("rings"),s[0]??0,s[1]??0),h.uniform2f(this.#h("range"),o,254/(i-o)),h.uniform4f(this.#h("empty"),.5,.52,.55,1);for(let[d,b]of Object.entries(Tt))h.uniform1i(this.#h(d),b);a&&this.#u("volume",h.TEXTURE_3D,this.#i[a.texture]),h.viewport(0,0,c,m),h.drawArrays(h.TRIANGLES,0,3)}#r(){let t=this.#e,e=t.createProgram();for(let[o,i]of[[t.VERTEX_SHADER,wt],[t.FRAGMENT_SHADER,xt]]){let a=t.createShader(o);t.shaderSource(a,i),t.compileShader(a),t.attachShader(e,a)}if(t.linkProgram(e),!t.getProgramParameter(e,t.LINK_STATUS)&&!t.isContextLost()){let o=[t.getProgramInfoLog(e),...t.getAttachedShaders(e).map(i=>t.getShaderInfoLog(i))];throw new Error(`This browser cannot draw the globe: ${o.filter(Boolean).join(" ").trim()}`)}this.#n=e,this.#l={},this.#i=[],this.#o={};for(let o of["shell","table","palette"])this.#o[o]=this.#c(t.TEXTURE_2D,t.NEAREST);this.#u("table",t.TEXTURE_2D,this.#o.table);let{table:s}=this.#s;t.texImage2D(t.TEXTURE_2D,0,t.R32F,1024,s.length/1024,0,t.RED,t.FLOAT,s)}#c(t,e){let s=this.#e,o=s.createTexture();s.bindTexture(t,o);for(let i of[s.TEXTURE_MIN_FILTER,s.TEXTURE_MAG_FILTER])s.texParameteri(t,i,e);for(let i of[s.TEXTURE_WRAP_S,s.TEXTURE_WRAP_T,s.TEXTURE_WRAP_R])s.texParameteri(t,i,s.CLAMP_TO_EDGE);return o}#u(t,e,s){this.#e.activeTexture(this.#e.TEXTURE0+Tt[t]),this.#e.bindTexture(e,s)}#h(t){return this.#l[t]??=this.#e.getUniformLocation(this.#n,t),this.#l[t]}},jt=.46,z=(r,t,{zoom:e})=>jt*Math.min(r,t)*e;var Ut={ArrowUp:[1,0],ArrowDown:[-1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]},Xt=5,St=5,ot=1.25,Bt=400,B=class{#t;#e=new Map;#s=0;constructor(t,e){this.#t=e,t.addEventListener("pointerdown",s=>{t.setPointerCapture(s.pointerId),this.#e.size===0&&(this.#s=0),this.#e.set(s.pointerId,s)}),t.addEventListener("pointermove",s=>this.#n(s));for(let s of["pointerup","pointercancel"])t.addEventListener(s,o=>this.#l(o));t.addEventListener("pointerleave",()=>e.point(null)),t.addEventListener("wheel",s=>this.#o(s),{passive:!1}),t.addEventListener("keydown",s=>this.#i(s));for(let s of["focus","blur"])t.addEventListener(s,()=>e.point(null))}#n(t){let e=this.#e.get(t.pointerId);if(!e){t.pointerType!=="touch"&&this.#t.point(this.#t.pointOf(t));return}let[s,o]=[t.clientX-e.clientX,t.clientY-e.clientY];this.#s+=Math.hypot(s,o);let[i]=[...this.#e.values()].filter(({pointerId:c})=>c!==t.pointerId);this.#e.set(t.pointerId,t);let a=this.#t.view();if(this.#s<=St)return;let l=180/Math.PI/this.#t.radius()/this.#e.size,n=c=>Math.hypot(c.clientX-i.clientX,c.clientY-i.clientY),h=i?a.zoom*n(t)/Math.max(1,n(e)):a.zoom;this.#t.look({...a,zoom:h,lat:a.lat+o*l,lng:a.lng-s*l})}#l(t){let e=this.#e.size===1;if(!this.#e.delete(t.pointerId)||!e||this.#s>St||t.type==="pointercancel")return;let s=this.#t.pointOf(t);this.#t.point(s),this.#t.choose(s)}#o(t){if(!this.#t.zooms)return;t.preventDefault();let e=this.#t.view();this.#t.look({...e,zoom:e.zoom*Math.exp(-t.deltaY/Bt)})}#i(t){if(t.altKey||t.ctrlKey||t.metaKey)return;let e=this.#t.view(),s=Ut[t.key],o={"+":ot,"=":ot,"-":1/ot}[t.key];if(!s&&!o)return;t.preventDefault();let i=Xt*(t.shiftKey?3:1);s?this.#t.look({...e,lat:e.lat+s[0]*i,lng:e.lng+s[1]*i}):this.#t.look({...e,zoom:e.zoom*o}),this.#t.point(null)}};var it=2,V=class{#t;#e;#s;#n;#l;#o;#i=null;#r=null;#c;constructor(t,e,s,o,i,a){this.#t=t,this.#e=e,this.#s=s,this.#n=o,this.#l=i,this.#c=a,this.#o=Q(o.length),this.#u()}get coarse(){return this.#o}get shown(){return this.#r}get drawn(){return this.#r===null?null:this.isWhole?{texture:it,isFine:!0}:{texture:this.#r.texture,isFine:!1}}get isWhole(){return this.#r?.filled.size===this.#n.length}take({of:t,level:e,values:s}){let o=G(t);if(this.#i===null||G(this.#i.of)!==o){let n=this.#r?.texture===0?1:0;this.#i={of:t,norm:this.#l(t),shells:new Map,texture:n,filled:new Set}}let i=this.#i,a=!i.shells.has(e);i.shells.set(e,s);let l=this.#o.indexOf(e);l>=0&&(a||!i.filled.has(e))&&this.#t.fill(i.texture,l,this.#h(e,i)),i===this.#r?this.#g(e):this.#o.every(n=>i.shells.has(n))&&(this.#r=i,this.#c())}clear(){this.#i=this.#r=null,this.#c()}async restore(){let t=this.#r;if(this.#i=this.#r=null,this.#u(),t===null)return;let e=[...this.#o,...[...t.shells.keys()].filter(s=>!this.#o.includes(s))];for(let[s,o]of e.entries()){if(s%8===7&&await new Promise(i=>setTimeout(i)),this.#i&&G(this.#i.of)!==G(t.of))return;this.take({of:t.of,level:o,values:t.shells.get(o)})}}valueAt(t,e,s){if(this.#r===null)return NaN;let{shells:o}=this.#r,i=this.isWhole?null:this.#o,a=tt(i?i.map(p=>this.#n[p]):this.#n,s),l=Y(this.#s,t,e),n=this.#s.longitudes_deg.length,h=p=>{let x=o.get(i?i[p]:p);return J(l,l.map(({row:g,column:u})=>x[g*n+u]))},c=Math.floor(a),m=a-c;return m===0?h(c):h(c)*(1-m)+h(c+1)*m}#u(){this.#t.makeVolume(0,this.#o.length),this.#t.makeVolume(1,this.#o.length),this.#t.makeVolume(it,this.#n.length)}#h(t,{shells:e,norm:s}){return this.#e.laidOut(e.get(t),s)}#g(t){let e=this.#r,s=this.#o.find(o=>!e.filled.has(o)&&o!==t);for(let o of[t,...s===void 0?[]:[s]])this.#t.fill(it,o,this.#h(o,e)),e.filled.add(o);this.isWhole&&this.#c()}},G=({variable:r,t,draw:e,anomaly:s})=>`${r}/${t}@${e??""}${s?"~anomaly":""}`;var Gt=[660,1600],[_t,Vt]=[3,250],Lt=class{#t;#e;#s;#n;#l;#o;#i;#r;#c;#u;#h;#g;#d;#a=null;#f=null;#m=null;#b=null;#w=null;#v=null;#E=0;#O=0;constructor(t){let{catalog:e}=t.source;this.#t=t,this.#s=[...e.shells].sort((n,h)=>n.radius_km-h.radius_km),this.#e=this.#s.at(-1).radius_km,this.#n=lt(e);let s=rt([...this.#s].reverse(),e).map(({depthKm:n})=>n);this.#l=Gt.filter(n=>s.includes(n));let o=this.#s.map(({radius_km:n})=>n/this.#e),i=M("canvas",{tabindex:"0",role:"application","aria-label":"Globe, cut open; arrow keys turn it, plus and minus zoom"}),a=M("p",{id:"globe-note",hidden:!0}),l=M("section",{id:"globe","aria-label":"Cut-away globe"},i,a);this.#o=vt(e.grid,o,o[0]),this.#i=new X(i,this.#o,{lost:()=>{},restored:()=>this.#D()}),this.#r=new V(this.#i,this.#o,e.grid,o,n=>this.#T(n),()=>this.#p()),this.#c=new F(t,this.#r.coarse,{shell:n=>this.#r.take(n),failed:n=>t.inform(n)}),this.#d={root:l,canvas:i,note:a},document.querySelector("main").append(l),this.#u=new C(l,{moved:n=>this.#k(n),pointOf:n=>this.#R(n)}),this.#h=new W(l,this.#l,this.#e,e.surface_radius_km),this.#g=new U(t.map),new B(i,{pointOf:n=>this.#R(n),view:()=>this.#a,look:n=>this.#k(n),radius:()=>z(i.clientWidth,i.clientHeight,this.#a),point:n=>this.#C(n),choose:n=>this.#W(n),zooms:!t.isEmbedded}),t.map.on("mousemove",({latlng:n})=>this.#z(n)),t.map.on("mouseout",()=>this.#z(null)),document.getElementById("graticule").addEventListener("change",()=>this.#p()),new ResizeObserver(()=>this.#j()).observe(l)}show({globe:t,place:e}){let s=this.#a!==null;this.#a=t??null,this.#d.root.hidden=this.#a===null,this.#g.show(this.#a),this.#h.place=e??null,this.#a===null?s&&this.#$():s?this.#p():this.shown()}shown(){let[t,e]=[this.#t.shownFrame(),this.#t.legend()];if(this.#a===null||t===null||e===null)return;this.#c.shown(t),this.#F(),this.#w?.abort();let s=this.#t.engine.shellOf(t);s?this.#L(t,e,s.values):this.#N(t,e)}get reading(){if(this.#a===null||this.#f===null)return null;let t=this.#v??(document.activeElement===this.#d.canvas?{x:0,y:0}:null),e=t&&this.#y(t);if(!e)return null;if(e.surface==="core")return{value:NaN,text:"",place:"core"};let{lat:s,lng:o,radius:i,surface:a}=e,n=(a==="shell"?this.#I(s,o):this.#_(this.#f)?this.#r.valueAt(s,o,i):NaN)*(this.#m.factor??1),h=Number.isNaN(n)?"\u2026":at(n,this.#m.range)+Z(this.#m.unit),c=Math.abs(this.#t.source.catalog.surface_radius_km-i*this.#e);return{value:n,text:h,place:ht(s,o)+(a==="shell"?"":` \xB7 ${this.#n(c)} deep`)}}get picture(){return this.#a===null?null:(this.#x(_t),this.#d.canvas)}get#S(){let t=this.#f?.r;return this.#s.find(e=>e.r===t).radius_km/this.#e}get#M(){return{core:this.#s[0].radius_km/this.#e,peel:this.#S}}#y({x:t,y:e}){return this.#f&&D(this.#a,this.#M,t,e)}#I(t,e){let{grid:s}=this.#t.source.catalog;return mt({shape:[s.latitudes_deg.length,s.longitudes_deg.length],values:this.#b},s,t,e)}#T({variable:t,anomaly:e}){let{range:[s,o]}=this.#t.source.variables.find(({name:i})=>i===t);return{middle:e?0:(s+o)/2,half:(o-s)/2||1}}#_({variable:t,anomaly:e=!1}){let{of:s}=this.#r.shown??{};return s!==void 0&&s.variable===t&&!!s.anomaly===e}#L(t,e,s){this.#f=t,this.#m=e,this.#b=s,this.#A(),this.#p(),this.#t.reading()}#A(){this.#i.setPalette(this.#m.colors),this.#i.setShell(this.#o.laidOut(this.#b,this.#T(this.#f)))}async#N(t,e){this.#w=new AbortController;let{signal:s}=this.#w;try{let o=await this.#t.source.fetchShell?.(t,s);o&&!s.aborted&&this.#L(t,e,o.values)}catch(o){s.aborted||this.#t.inform(o.message)}}#F(){let t=this.#t.engine.chosen!=="browser",[e,s]=[this.#r.coarse.length,this.#s.length];this.#d.note.hidden=!t||e===s,this.#d.note.textContent=`The server computes: the cut shows ${e} of ${s} shells.`}#$(){this.#c.stop(),this.#w?.abort(),this.#r.clear(),this.#v=null,this.#t.reading()}#D(){this.#f&&this.#A(),this.#r.restore(),this.#p()}#k(t){this.#t.look({globe:ut(t)})}#R({clientX:t,clientY:e}){let{left:s,top:o,width:i,height:a}=this.#d.canvas.getBoundingClientRect(),l=z(i,a,this.#a??ft);return{x:(t-s-i/2)/l,y:(o+a/2-e)/l}}#C(t){this.#v=t;let e=t&&this.#y(t);this.#g.mark(e??null),this.#t.reading()}#W(t){let e=this.#y(t);if(!e||e.surface==="core")return;if(e.surface==="shell"){this.#t.looksBelow&&this.#t.choose({place:gt(e)});return}let s=({radius_km:o})=>Math.abs(o/this.#e-e.radius);this.#t.choose({r:this.#s.reduce((o,i)=>s(i)<s(o)?i:o).r})}#z(t){this.#a!==null&&(this.#h.hovered=t,this.#P())}#j(){let{root:t,canvas:e}=this.#d,s=window.devicePixelRatio||1,[o,i]=[Math.round(t.clientWidth*s),Math.round(t.clientHeight*s)];!o||!i||e.width===o&&e.height===i||(e.width=o,e.height=i,this.#x(1),this.#p())}#p(){clearTimeout(this.#O),this.#O=setTimeout(()=>this.#x(_t),Vt),!this.#E&&(this.#E=requestAnimationFrame(()=>{this.#E=0,this.#x(1)}))}#x(t){let{canvas:e}=this.#d;if(this.#a===null||this.#f===null||!e.width)return;let s=this.#_(this.#f)?this.#r.drawn:null,{middle:o,half:i}=this.#T(this.#f),a=l=>(this.#t.source.catalog.surface_radius_km-l)/this.#e;this.#i.draw({view:this.#a,shape:this.#M,volume:s,samples:t,rings:this.#l.map(a),range:this.#m.range.map(l=>(l/(this.#m.factor??1)-o)/i),hasGraticule:document.getElementById("graticule").checked}),e.dataset.shown=pt(this.#f),e.dataset.detail=s===null?"shell":this.#r.shown.of.t!==this.#f.t?"earlier":s.isFine?"whole":"coarse",this.#P()}#P(){if(this.#a===null||this.#f===null)return;let{clientWidth:t,clientHeight:e}=this.#d.canvas,s=z(t,e,this.#a),o=(i,a)=>[t/2+i*s,e/2-a*s];this.#u.place(this.#a,o,this.#S),this.#h.put(this.#a,this.#M,o)}};export{Lt as Globe};
//# sourceMappingURL=globe.js.map
