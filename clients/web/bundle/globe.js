var zt=[410,660,1600,2891],It=6371;function at(r,{surface_radius_km:t,length_unit:e="km"}){let s=r.length-1;if(e!=="km"||Math.abs(t-It)>30||s<1)return[];let[o,i]=[r[0].depth_km,r[s].depth_km],n=(i-o)/s;return zt.filter(l=>l>=o-n&&l<=i+n).map(l=>{let a=r.findIndex(({depth_km:c})=>c>=l);if(a<=0)return{depthKm:l,place:a===0?0:1};let[h,f]=[r[a-1].depth_km,r[a].depth_km];return{depthKm:l,place:(a-1+(l-h)/(f-h))/s}})}function ht(r,t){let e=Math.abs(t[1]-t[0])||1,s=Math.floor(Math.log10(e))-3,o=Math.floor(Math.log10(Math.max(Math.abs(t[0]),Math.abs(t[1]),Math.abs(r))));if(o>9||o<-4){let i=Math.min(lt,Math.max(3,Math.floor(Math.log10(Math.abs(r)||1))-s));return r===0?"0":r.toExponential(i).replace("e+","e")}return r.toFixed(Math.min(lt,Math.max(0,-s)))}var lt=8,Z=r=>Nt(r)?` ${r.trim()}`:"";var Nt=r=>!["","1"].includes(r.trim());function ct({length_unit:r="km",length_decimals:t=0}){let e={minimumFractionDigits:t,maximumFractionDigits:t},s=new Intl.NumberFormat("en",e);return o=>s.format(o===0?0:o)+Z(r)}var ft=(r,t,e=1)=>`${q(r,e)} ${I(t,e)}`,q=(r,t=0)=>ut(r,t,"N","S",r===0),I=(r,t=0)=>ut(r,t,"E","W",r===0||Math.abs(r)===180);function ut(r,t,e,s,o){let i=`${Math.abs(r).toFixed(t)}\xB0`;return o?i:`${i} ${r>0?e:s}`}var O=Object.freeze({lat:22,lng:0,zoom:1,west:-58,east:42,floor:0}),[$t,Ct]=[.5,8],N=5,K=r=>((r+180)%360+360)%360-180,Y=(r,t,e)=>Math.min(t,Math.max(r,e));function Q({lat:r,lng:t,zoom:e,west:s,east:o,floor:i}){let n=(l,a=10)=>Math.round(l*a)/a+0;return Object.freeze({lat:n(Y(-90,90,r)),lng:n(K(t)),zoom:n(Y($t,Ct,e),100),west:n(K(s)),east:n(K(o)),floor:n(Y(-90,90,i))})}var dt=({lat:r,lng:t,zoom:e,west:s,east:o,floor:i})=>[r,t,e,s,o,i].join();function mt(r){if(/^(|1|true|yes|on)$/i.test(r))return O;let t=r.split(/[,;]/).map(s=>s.trim()===""?NaN:Number(s));if(![2,3,6].includes(t.length)||!t.every(Number.isFinite))return;let e=["lat","lng","zoom","west","east","floor"];return Q({...O,...Object.fromEntries(t.map((s,o)=>[e[o],s]))})}function y(r,t={},...e){let s=document.createElement(r);for(let[o,i]of Object.entries(t))typeof i=="function"?s.addEventListener(o,i):i!==!1&&s.setAttribute(o,i===!0?"":i);return s.append(...e),s}var pt=(r,t,e,s={})=>y("button",{type:"button",name:r,click:e,...s},t);function J(r,t,e){let[s,o]=Dt(r.latitudes_deg,t),[i,n,l]=Ut(r.longitudes_deg,e),a=[{row:s,column:i,weight:(1-o)*(1-l)},{row:s,column:n,weight:(1-o)*l},{row:s+1,column:i,weight:o*(1-l)},{row:s+1,column:n,weight:o*l}],h=(o>.5?2:0)+(l>.5?1:0);return a.unshift(...a.splice(h,1)),a.filter(({weight:f})=>f>0)}function tt(r,t){if(Number.isNaN(t[0]))return NaN;let[e,s]=[0,0];return r.forEach(({weight:o},i)=>{Number.isNaN(t[i])||(e+=o*t[i],s+=o)}),e/s}function gt(r,t,e,s){let o=J(t,e,s);return tt(o,o.map(({row:i,column:n})=>r.values[i*r.shape[1]+n]))}function Dt(r,t){let e=r.length-1,s=r.findIndex(i=>i<t);if(s===0)return[0,0];if(s===-1)return[e,0];let o=r[s-1];return[s-1,(o-t)/(o-r[s])]}function Ut(r,t){let e=r[0],s=e+((t-e)%360+360)%360,o=r.findIndex(a=>a>s),i=o===-1?0:o,n=(i+r.length-1)%r.length,l=o===-1?e+360:r[i];return[n,i,(s-r[n])/(l-r[n])]}var Bt=({variable:r,t,r:e})=>`${r}/${t}/${e}`,xt=r=>Bt(r)+(r.draw?`@${r.draw}`:"")+(r.anomaly?"~anomaly":"")+(r.range?`~${r.range}`:"");function bt({lat:r,lng:t}){let e=s=>Math.round(s*100)/100+0;return Object.freeze({lat:e(r),lng:e(t)})}var wt=`#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;var Wt="0.035",vt=`#version 300 es
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

// Of a latitude and a longitude in radians.
vec2 texelsOf(vec2 place) {
  return vec2(texelOf(fract((place.y - firstLng) / (2.0 * PI)), 3.0), texelOf(place.x / PI + 0.5, 2.0));
}

float latitudeOf(vec3 p, float radius) {
  return asin(clamp(p.z / radius, -1.0, 1.0));
}

vec4 shellColor(vec2 place) {
  vec2 at = texelsOf(place);
  ivec2 a = ivec2(at), most = textureSize(shell, 0) - 1;
  ivec2 b = min(a + 1, most);
  vec2 share = at - vec2(a);
  float low = mix(texelFetch(shell, a, 0).r, texelFetch(shell, ivec2(b.x, a.y), 0).r, share.x);
  float high = mix(texelFetch(shell, ivec2(a.x, b.y), 0).r, texelFetch(shell, b, 0).r, share.x);
  return legend(mix(low, high, share.y));
}

vec4 volumeColor(vec2 place, float radius) {
  vec2 at = texelsOf(place);
  float level = texelOf((radius - core) / (1.0 - core), radiusRow);
  return legend(textureLod(volume, (vec3(at, level) + 0.5) / vec3(textureSize(volume, 0)), 0.0).r);
}

bool isBetween(vec3 p) {
  bool a = dot(p, west) > 0.0, b = dot(p, east) < 0.0;
  return isWide ? a || b : a && b;
}

// How a step to the right and one up on the screen move along a surface.
vec3 across, along;
void lieOn(vec3 normal) {
  float slope = dot(forward, normal);
  vec3 steep = forward / (abs(slope) < 1e-4 ? 1e-4 : slope);
  across = right - steep * dot(right, normal);
  along = up - steep * dot(up, normal);
}

// How much a function with a gradient changes in a pixel of the screen.
float perPixel(vec3 gradient) {
  return length(vec2(dot(gradient, across), dot(gradient, along))) * ratio / scale;
}

const float FAR = 9.0; // pixels, beyond all lines

// Pixels from where a function is zero.
float pixels(float difference, vec3 gradient) {
  return abs(difference) / max(perPixel(gradient), 1e-9);
}

float line(float distance, float width) {
  return clamp((width - distance) * ratio + 0.5, 0.0, 1.0);
}

bool isOnHalf(vec3 p, vec3 normal) {
  return p.x * normal.y > p.y * normal.x;
}

// Pixels from the meridians of the cut.
float meridians(vec3 p) {
  float a = isOnHalf(p, west) ? pixels(dot(p, west), west) : FAR;
  return min(a, isOnHalf(p, east) ? pixels(dot(p, east), east) : FAR);
}

// How far the meridians of the cut are.
float toMeridians(vec3 p) {
  float a = isOnHalf(p, west) ? abs(dot(p, west)) : 1.0;
  return min(a, isOnHalf(p, east) ? abs(dot(p, east)) : 1.0);
}

vec4 planeAt(vec3 p, int surface) {
  bool isFloor = surface == 5;
  lieOn(isFloor ? vec3(0.0, 0.0, 1.0) : surface == 3 ? west : east);
  float radius = length(p);
  float fine = 1.0 / max(perPixel(p / radius), 1e-9);
  vec4 found = empty;
  for (bool is = hasVolume; is; is = false) found = volumeColor(vec2(latitudeOf(p, radius), atan(p.y, p.x)), radius);
  float corner = isFloor ? toMeridians(p) : min(p.z - floorZ, length(p.xy));
  found.rgb *= mix(0.72, 1.0, smoothstep(0.0, ${Wt}, min(corner, radius - core)));
  float ring = min(abs(radius - rings.x), abs(radius - rings.y)) * fine;
  found.rgb = mix(found.rgb, vec3(0.0), 0.3 * line(ring, 1.2));
  found.rgb = mix(found.rgb, vec3(1.0), 0.75 * line(ring, 0.45));
  float far = peel < 0.9999 ? abs(radius - peel) * fine : FAR;
  found.rgb = mix(found.rgb, vec3(0.0), 0.45 * line(far, 2.2));
  found.rgb = mix(found.rgb, vec3(1.0), line(far, 1.1));
  float edge = isFloor ? meridians(p) : pixels(p.z - floorZ, vec3(0.0, 0.0, 1.0));
  edge = min(edge, min(radius - core, 1.0 - radius) * fine);
  found.rgb = mix(found.rgb, vec3(0.04), 0.7 * line(edge, 0.8));
  return found;
}

vec4 shellAt(vec3 p, float depth) {
  vec2 place = vec2(latitudeOf(p, peel), atan(p.y, p.x));
  vec4 found = empty;
  for (bool is = hasShell; is; is = false) found = shellColor(place);
  lieOn(p / peel);
  for (bool is = hasGraticule; is; is = false) {
    float around = length(p.xy);
    vec3 north = vec3(-p.z * p.xy / max(around, 1e-5), around) / peel;
    float third = PI / 6.0;
    vec2 off = place - third * round(place / third);
    float parallel = pixels(off.x * peel, north);
    float meridian = around < 0.12 ? FAR : pixels(off.y * around, vec3(-p.y, p.x, 0.0) / around);
    found.rgb = mix(found.rgb, vec3(1.0), 0.22 * line(min(parallel, meridian), 0.5));
  }
  float edge = p.z > floorZ ? meridians(p) : isBetween(p) ? pixels(p.z - floorZ, vec3(0.0, 0.0, 1.0)) : FAR;
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
    if (depth > best && isOnHalf(p, normal) && p.z > floorZ && radius >= core && radius <= 1.0) {
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
  // What was peeled off, as far as the surface.
  float rim = abs(sqrt(square) - 1.0) * scale / ratio;
  vec4 found = vec4(0.55, 0.6, 0.66, 1.0) * 0.7 * line(rim, 0.5);
  // Loops, because a processor that draws for want of a GPU computes both sides of each "if" for all pixels.
  for (bool is = surface == 1; is; is = false) found = shellAt(p, best);
  for (bool is = surface == 2; is; is = false) found = coreAt(p, best);
  for (bool is = surface >= 3; is; is = false) found = planeAt(p, surface);
  return found;
}

void main() {
  vec4 sum = vec4(0.0);
  for (int i = 0; i < samples * samples; i++) {
    vec2 within = (vec2(i % samples, i / samples) + 0.5) / float(samples) - 0.5;
    sum += rayAt((gl_FragCoord.xy + within - 0.5 * size) / scale);
  }
  color = sum / float(samples * samples);
}`;var Gt=26;function et(r){let t=Math.max(1,Math.ceil((r-1)/(Gt-1)));return Array.from({length:r},(e,s)=>s).filter(e=>e%t===0||e===r-1)}function Mt({latitudes_deg:r,longitudes_deg:t},e,s){let[o,i]=[r[0]>=90,r.at(-1)<=-90],n=[...i?[]:[-90],...[...r].reverse(),...o?[]:[90]],l=[...t,t[0]+360],[a,h,f]=[l.length,n.length,t.length],c=et(e.length).map(d=>e[d]),b=Float32Array.from([[e,d=>s+d*(1-s)],[c,d=>s+d*(1-s)],[n,d=>-90+180*d],[l,d=>t[0]+360*d]].flatMap(([d,w])=>Array.from({length:1024},(v,u)=>st(d,w(u/1023))))),p=(d,{middle:w,half:v})=>{let u=new Float32Array(a*h),g=i?0:1;return r.forEach((M,x)=>{let E=(g+r.length-1-x)*a;for(let z=0;z<f;z++)u[E+z]=(d[x*f+z]-w)/v;u[E+f]=u[E]}),i||u.fill(Et(u,a,f),0,a),o||u.fill(Et(u,(h-2)*a,f),(h-1)*a),u};return{columns:a,rows:h,levels:e.length,table:b,firstLng:t[0],laidOut:p}}function Et(r,t,e){let s=0;for(let o=t;o<t+e;o++)s+=r[o];return s/e}function st(r,t){let e=r.findIndex(s=>s>=t);return e===0?0:e<0?r.length-1:e-1+(t-r[e-1])/(r[e]-r[e-1])}var $=class{#t;#e;#s;#r;#l=null;#a=0;#i=null;constructor(t,e,s){this.#t=t,this.#e=e.coarse,this.#s=e.holdsAll,this.#r=s}shown(t){let{engine:e,source:s}=this.#t;if(e.chosen==="browser"){if(this.#o(),e.computer===null||e.computer===this.#l)return;this.#l=e.computer,this.#l.fill({first:this.#e,all:this.#s},i=>i.error?this.#r.failed(i.error):this.#r.shell(i));return}this.#c();let o=JSON.stringify([t.variable,t.t,t.draw,t.anomaly]);this.#i?.key===o||!s.fetchShell||(this.#o(),this.#i={key:o,stopping:new AbortController},this.#a=setTimeout(()=>this.#u(t,this.#i.stopping.signal),400))}stop(){this.#o(),this.#c()}#o(){clearTimeout(this.#a),this.#i?.stopping.abort(),this.#i=null}#c(){this.#l?.fill(null),this.#l=null}async#u(t,e){let{variable:s,t:o,draw:i,anomaly:n}=t,l=[...this.#e],a=async()=>{for(;l.length>0&&!e.aborted;){let h=l.shift(),f=await this.#t.source.fetchShell({...t,r:h},e);if(e.aborted)return;f&&this.#r.shell({of:{variable:s,t:o,draw:i,anomaly:n},level:h,values:f.values})}};try{await Promise.all(Array.from({length:3},a))}catch(h){e.aborted||this.#r.failed(h.message)}}};var T=r=>r*Math.PI/180,C=r=>r*180/Math.PI,A=(r,t)=>r[0]*t[0]+r[1]*t[1]+r[2]*t[2];function S(r,t){let[e,s]=[T(r),T(t)];return[Math.cos(e)*Math.cos(s),Math.cos(e)*Math.sin(s),Math.sin(e)]}function L({lat:r,lng:t}){let[e,s]=[T(r),T(t)];return[[-Math.sin(s),Math.cos(s),0],[-Math.sin(e)*Math.cos(s),-Math.sin(e)*Math.sin(s),Math.cos(e)],S(r,t)]}function F(r,t){let[e,s,o]=L(r).map(i=>A(i,t));return{x:e,y:s,depth:o}}var R=({west:r,east:t})=>((t-r)%360+360)%360;function k(r){let t=e=>[-Math.sin(T(e)),Math.cos(T(e)),0];return{west:t(r.west),east:t(r.east),floor:Math.sin(T(r.floor)),isWide:R(r)>180}}function yt({west:r,east:t,isWide:e},s){let[o,i]=[A(s,r)>0,A(s,t)<0];return e?o||i:o&&i}function D(r,{core:t,peel:e},s,o){let[i,n,l]=L(r),a=k(r),h=i.map((u,g)=>u*s+n[g]*o),f=u=>h.map((g,M)=>g+u*l[M]),c=[],m=(u,g,M)=>{let x=f(g);Number.isFinite(g)&&M(x,Math.hypot(...x))&&c.push({surface:u,depth:g,p:x})},b=u=>u>=t&&u<=1,p=s*s+o*o;m("shell",Math.sqrt(e*e-p),u=>!(u[2]>a.floor&&yt(a,u))),m("core",Math.sqrt(t*t-p),()=>!0);for(let u of["west","east"]){let g=a[u],M=x=>x[0]*g[1]-x[1]*g[0]>0;m(u,-A(h,g)/A(l,g),(x,E)=>M(x)&&x[2]>a.floor&&b(E))}if(m("floor",(a.floor-h[2])/l[2],(u,g)=>yt(a,u)&&b(g)),c.length===0)return null;let{surface:d,p:w}=c.reduce((u,g)=>g.depth>u.depth?g:u),v=Math.hypot(...w);return{surface:d,radius:v,lat:C(Math.asin(w[2]/v)),lng:C(Math.atan2(w[1],w[0]))}}function St(r,t,e){let s=Math.max(1,Math.hypot(t,e)),[o,i]=[t/s,e/s],n=Math.sqrt(Math.max(0,1-o*o-i*i)),[l,a,h]=L(r),f=l.map((c,m)=>c*o+a[m]*i+h[m]*n);return{lat:C(Math.asin(Math.max(-1,Math.min(1,f[2])))),lng:C(Math.atan2(f[1],f[0]))}}var jt={ArrowLeft:-1,ArrowDown:-1,ArrowRight:1,ArrowUp:1,PageDown:-10,PageUp:10},ot={west:{sign:"W",words:"West plane of the cut",most:180,format:I},east:{sign:"E",words:"East plane of the cut",most:180,format:I},floor:{sign:"\u2195",words:"Floor of the cut",most:90,format:q}},U=class{#t;#e;#s;#r=null;#l;constructor(t,e){this.#t=t,this.#e=e,this.#s=Object.fromEntries(Object.keys(ot).map(s=>[s,this.#a(s)]))}place(t,e,s){this.#r=t;let o=(t.floor+90)/2,i={west:S(o,t.west),east:S(o,t.east),floor:S(t.floor,t.west+R(t)/2)};for(let[n,l]of Object.entries(this.#s)){let{x:a,y:h,depth:f}=F(t,i[n]),[c,m]=e(a,h);l.style.translate=`${Math.round(c)}px ${Math.round(m)}px`,l.classList.toggle("behind",f<0&&Math.hypot(a,h)<s);let{words:b,most:p,format:d}=ot[n],w={label:b,valuemin:-p,valuemax:p,valuenow:t[n],valuetext:d(t[n],1)};for(let[v,u]of Object.entries(w))l.setAttribute(`aria-${v}`,String(u))}}#a(t){let{sign:e,words:s}=ot[t],o=pt(`globe-${t}`,e,()=>{},{class:"handle",role:"slider",title:s});return o.addEventListener("pointerdown",i=>o.setPointerCapture(i.pointerId)),o.addEventListener("pointermove",i=>{if(!o.hasPointerCapture(i.pointerId))return;let{x:n,y:l}=this.#e.pointOf(i),{lat:a,lng:h}=St(this.#r,n,l);this.#i(t,t==="floor"?a:h)}),o.addEventListener("keydown",i=>{let n=jt[i.key];!n||i.altKey||i.ctrlKey||i.metaKey||(i.preventDefault(),this.#i(t,this.#r[t]+n*(i.shiftKey?10:1)))}),this.#t.append(o),o}#i(t,e){let s={...this.#r,[t]:t==="floor"?Math.min(90-N,e):e},o=R(s);o>=N&&o<=360-N&&this.#e.moved(s)}};var B=class{#t;#e;#s;place=null;hovered=null;constructor(t,e,s,o){this.#e=y("i",{class:"globe-mark chosen"}),this.#s=y("i",{class:"globe-mark"}),this.#t=e.map(i=>({radius:(o-i)/s,label:y("span",{class:"globe-depth","aria-hidden":"true"},String(i))})),t.append(this.#e,this.#s,...this.#t.map(({label:i})=>i))}put(t,e,s){let o=(a,h,f)=>{let{x:c,y:m,depth:b}=F(t,h),p=b>0&&D(t,e,c,m)?.surface===f;a.hidden=!p,p&&(a.style.translate=s(c,m).map(d=>`${Math.round(d)}px`).join(" "))};for(let[a,h]of[[this.#e,this.place],[this.#s,this.hovered]])h?o(a,S(h.lat,h.lng).map(f=>f*e.peel),"shell"):a.hidden=!0;let i=k(t),n=a=>Math.abs(F(t,i[a]).depth),l=n("west")>n("east")?"west":"east";for(let[a,{radius:h,label:f}]of this.#t.entries()){let c=t.floor+(.2+.14*a)*(90-t.floor);o(f,S(c,t[l]).map(m=>m*h),l)}}};import{CRS as Tt,LatLng as Se,Map as Te,Projection as Xt}from"./leaflet.js?v=afbbf00646bfde78";var Re={WorldCRS84Quad:{crs:Tt.EPSG4326,columns:2,maxLatitude:90},WebMercatorQuad:{crs:Tt.EPSG3857,columns:1,maxLatitude:Xt.SphericalMercator.MAX_LATITUDE}};var it=r=>r.options.maxBounds.getNorth();var W=class{#t;#e=document.createElement("canvas");#s;constructor(t,e,s){this.#t=t,this.#s=s,this.#e.className=`viewport-canvas ${e}`,t.getContainer().append(this.#e),t.on("move resize",()=>this.redraw())}setVisible(t){this.#e.hidden=!t,this.redraw()}redraw(){if(this.#e.hidden)return;let{x:t,y:e}=this.#t.getSize(),s=window.devicePixelRatio||1;this.#e.width=Math.round(t*s),this.#e.height=Math.round(e*s),this.#e.style.width=`${t}px`,this.#e.style.height=`${e}px`;let o=this.#e.getContext("2d");o.scale(s,s);let{min:i}=this.#t.getPixelBounds(),n=this.#t.getBounds();this.#s(o,{width:t,height:e,left:i.x,top:i.y,zoom:this.#t.getZoom(),west:n.getWest(),east:n.getEast(),north:Math.min(n.getNorth(),it(this.#t)),south:Math.max(n.getSouth(),-it(this.#t)),pointOf:(l,a)=>this.#t.project([l,a]).subtract(i)})}};var Vt=5,G=class{#t=null;#e=null;#s;constructor(t){this.#s=new W(t,"marks",(e,s)=>this.#r(e,s))}show(t){this.#t=t,this.#s.setVisible(t!==null)}mark(t){t===null&&this.#e===null||(this.#e=t,this.#s.redraw())}#r(t,{west:e,east:s,north:o,pointOf:i}){if(this.#t===null)return;let{west:n,floor:l}=this.#t,a=R(this.#t),h=Math.ceil(a/Vt),f=Array.from({length:h+1},(p,d)=>[l,n+a*d/h]),c=[[Math.max(l,o),n],...f,[Math.max(l,o),n+a]];for(let p=Math.ceil((e-n-a)/360);n+360*p<=s;p++)for(let[d,w]of[[4,"rgb(0 0 0 / 0.4)"],[1.5,"#fff"]]){t.beginPath();for(let[v,u]of c){let{x:g,y:M}=i(v,u+360*p);t.lineTo(g,M)}t.setLineDash(d>2?[]:[7,4]),t.lineWidth=d,t.strokeStyle=w,t.stroke()}if(t.setLineDash([]),this.#e===null)return;let{lat:m,lng:b}=this.#e;for(let p=Math.ceil((e-b)/360);b+360*p<=s;p++){let{x:d,y:w}=i(m,b+360*p);t.beginPath(),t.arc(d,w,5,0,2*Math.PI),t.fillStyle="#fff",t.fill(),t.lineWidth=2,t.strokeStyle="#000",t.stroke()}}};var Ot={shell:0,volume:1,table:2,palette:3},Rt={fine:0,coarse:1},j=class{#t;#e;#s=!1;#r;#l;#a={};#i={};#o=[];#c=null;constructor(t,e,s){if(this.#t=t,this.#r=e,this.#e=t.getContext("webgl2",{antialias:!1,depth:!1,preserveDrawingBuffer:!0}),this.#e===null)throw new Error("This browser has no WebGL 2, which the globe needs. The map shows the same values.");if(Math.max(e.columns,e.rows,e.levels)>this.#e.getParameter(this.#e.MAX_3D_TEXTURE_SIZE))throw new Error("This browser's WebGL has no room for so fine a grid. The map shows it.");t.addEventListener("webglcontextlost",n=>{this.#s=!1,n.preventDefault()});let i=()=>this.#d().then(n=>n&&s.ready(),s.failed);t.addEventListener("webglcontextrestored",()=>{i(),s.restored()}),i()}get isReady(){return this.#s}setShell(t){let e=this.#e,{columns:s,rows:o}=this.#r;this.#h("shell",e.TEXTURE_2D,this.#i.shell),e.texImage2D(e.TEXTURE_2D,0,e.R32F,s,o,0,e.RED,e.FLOAT,t),this.#i.hasShell=!0}setPalette(t){let e=this.#e,s=Uint8Array.from(t.flatMap(o=>[1,3,5].map(i=>parseInt(o.slice(i,i+2),16)).concat(255)));this.#h("palette",e.TEXTURE_2D,this.#i.palette),e.texImage2D(e.TEXTURE_2D,0,e.RGBA8,t.length,1,0,e.RGBA,e.UNSIGNED_BYTE,s)}makeVolume(t,e){let s=this.#e,{columns:o,rows:i}=this.#r;s.deleteTexture(this.#o[t]??null),this.#o[t]=this.#m(s.TEXTURE_3D,s.LINEAR),this.#h("volume",s.TEXTURE_3D,this.#o[t]),s.texStorage3D(s.TEXTURE_3D,1,s.R16F,o,i,e)}fill(t,e,s){let o=this.#e,{columns:i,rows:n}=this.#r;this.#h("volume",o.TEXTURE_3D,this.#o[t]),o.texSubImage3D(o.TEXTURE_3D,0,0,0,e,i,n,1,o.RED,o.FLOAT,s)}draw({view:t,shape:e,rings:s,range:[o,i],volume:n,hasGraticule:l},{samples:a,isSmall:h=!1,strip:f}){let c=this.#e;if(!this.#s||c.isContextLost())return;let[m,b]=[this.#t.width,this.#t.height].map(x=>h?Math.ceil(x/2):x),p=k(t),[d,w,v]=L(t),u=(window.devicePixelRatio||1)/(h?2:1),g={scale:P(m,b,t),ratio:u,floorZ:p.floor,core:e.core,peel:e.peel,firstLng:this.#r.firstLng*Math.PI/180,radiusRow:n?.isFine?Rt.fine:Rt.coarse},M={isWide:p.isWide,hasShell:!!this.#i.hasShell,hasVolume:n!==null,hasGraticule:l,samples:a};c.useProgram(this.#l);for(let[x,E]of Object.entries(g))c.uniform1f(this.#n(x),E);for(let[x,E]of Object.entries(M))c.uniform1i(this.#n(x),Number(E));for(let[x,E]of Object.entries({right:d,up:w,forward:v,west:p.west,east:p.east}))c.uniform3fv(this.#n(x),E);c.uniform2f(this.#n("size"),m,b),c.uniform2f(this.#n("rings"),s[0]??0,s[1]??0),c.uniform2f(this.#n("range"),o,254/(i-o)),c.uniform4f(this.#n("empty"),.5,.52,.55,1),n&&this.#h("volume",c.TEXTURE_3D,this.#o[n.texture]),h&&this.#u(m,b),c.viewport(0,0,m,b),f&&(c.enable(c.SCISSOR_TEST),c.scissor(0,f[0],m,f[1])),c.drawArrays(c.TRIANGLES,0,3),c.disable(c.SCISSOR_TEST),h&&(c.bindFramebuffer(c.DRAW_FRAMEBUFFER,null),c.blitFramebuffer(0,0,m,b,0,0,this.#t.width,this.#t.height,c.COLOR_BUFFER_BIT,c.LINEAR),c.bindFramebuffer(c.FRAMEBUFFER,null))}#u(t,e){let s=this.#e;this.#c??={frame:s.createFramebuffer(),colors:s.createRenderbuffer(),size:""};let{frame:o,colors:i,size:n}=this.#c;s.bindFramebuffer(s.FRAMEBUFFER,o),n!==`${t} ${e}`&&(this.#c.size=`${t} ${e}`,s.bindRenderbuffer(s.RENDERBUFFER,i),s.renderbufferStorage(s.RENDERBUFFER,s.RGBA8,t,e),s.framebufferRenderbuffer(s.FRAMEBUFFER,s.COLOR_ATTACHMENT0,s.RENDERBUFFER,i))}async#d(){let t=this.#e,e=t.createProgram();for(let[n,l]of[[t.VERTEX_SHADER,wt],[t.FRAGMENT_SHADER,vt]]){let a=t.createShader(n);t.shaderSource(a,l),t.compileShader(a),t.attachShader(e,a)}t.linkProgram(e),this.#l=e,this.#a={},this.#o=[],this.#c=null,this.#i={};for(let n of["shell","table","palette"])this.#i[n]=this.#m(t.TEXTURE_2D,t.NEAREST);this.#h("table",t.TEXTURE_2D,this.#i.table);let{table:s}=this.#r;t.texImage2D(t.TEXTURE_2D,0,t.R32F,1024,s.length/1024,0,t.RED,t.FLOAT,s);let o=t.getExtension("KHR_parallel_shader_compile");if(o&&await _t(()=>t.isContextLost()||t.getProgramParameter(e,o.COMPLETION_STATUS_KHR)),t.isContextLost()||this.#l!==e)return!1;if(!t.getProgramParameter(e,t.LINK_STATUS)){let n=[t.getProgramInfoLog(e),...t.getAttachedShaders(e).map(l=>t.getShaderInfoLog(l))];throw new Error(`This browser cannot draw the globe: ${n.filter(Boolean).join(" ").trim()}`)}for(let n=0;n<t.getProgramParameter(e,t.ACTIVE_UNIFORMS);n++){let{name:l}=t.getActiveUniform(e,n);this.#a[l]=t.getUniformLocation(e,l)}t.useProgram(e);for(let[n,l]of Object.entries(Ot))t.uniform1i(this.#n(n),l);this.#u(1,1),t.viewport(0,0,1,1),t.drawArrays(t.TRIANGLES,0,3),t.bindFramebuffer(t.FRAMEBUFFER,null);let i=t.fenceSync(t.SYNC_GPU_COMMANDS_COMPLETE,0);return t.flush(),await _t(()=>t.isContextLost()||t.getSyncParameter(i,t.SYNC_STATUS)===t.SIGNALED),this.#s=!t.isContextLost()&&this.#l===e,this.#s}#m(t,e){let s=this.#e,o=s.createTexture();s.bindTexture(t,o);for(let i of[s.TEXTURE_MIN_FILTER,s.TEXTURE_MAG_FILTER])s.texParameteri(t,i,e);for(let i of[s.TEXTURE_WRAP_S,s.TEXTURE_WRAP_T,s.TEXTURE_WRAP_R])s.texParameteri(t,i,s.CLAMP_TO_EDGE);return o}#h(t,e,s){this.#e.activeTexture(this.#e.TEXTURE0+Ot[t]),this.#e.bindTexture(e,s)}#n(t){return this.#a[t]}},Ht=.46,P=(r,t,{zoom:e})=>Ht*Math.min(r,t)*e;async function _t(r){for(;!r();)await new Promise(t=>setTimeout(t,5))}var Zt=`
#globe {
  position: absolute;
  z-index: 655;
  inset: 0 0 0 50%;
  overflow: hidden;
  background: var(--ground);
  border-left: 1px solid var(--line);
}

:root[data-globe] #map {
  right: 50%;
}

:root[data-globe] #zoom {
  right: calc(50% + 10px);
}

#globe canvas {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  cursor: grab;
  touch-action: none;
}

#globe canvas:active {
  cursor: grabbing;
}

#globe canvas:focus-visible {
  outline-offset: -3px;
}

#globe-note {
  position: absolute;
  top: 10px;
  right: 10px;
  left: 10px;
  color: var(--muted);
  font-size: 11.5px;
  text-align: center;
  pointer-events: none;
}

#globe .handle.behind:not(:focus-visible) {
  opacity: 0;
  pointer-events: none;
}

.globe-mark,
.globe-depth {
  position: absolute;
  top: 0;
  left: 0;
  pointer-events: none;
}

.globe-mark {
  width: 10px;
  height: 10px;
  margin: -5px;
  background: #fff;
  border: 2px solid #000;
  border-radius: 50%;
}

.globe-mark.chosen {
  width: 22px;
  height: 22px;
  margin: -11px;
  background: none;
  border-color: #fff;
  box-shadow: 0 0 0 1.5px rgb(0 0 0 / 0.55), inset 0 0 0 1.5px rgb(0 0 0 / 0.55);
}

.globe-depth {
  margin: -7px 0 0 -14px;
  width: 28px;
  color: #fff;
  font: 600 10.5px/14px system-ui, sans-serif;
  text-align: center;
  text-shadow: 0 0 3px #000, 0 0 2px #000;
}

@media (max-aspect-ratio: 1/1), (max-width: 640px) and (min-height: 501px) {
  #globe {
    left: 0;
    border-left: 0;
  }

  #globe canvas {
    height: calc(100% - 84px); /* above the words */
  }

  :root[data-globe] {
    & #map {
      right: 0;
    }

    & #zoom {
      right: 10px;
    }

    & :is([name="zoom-in"], [name="zoom-out"], [name="whole-globe"], [name="compare"], [name="section"]) {
      display: none;
    }
  }
}
`;function At(){let r=new CSSStyleSheet;r.replaceSync(Zt),document.adoptedStyleSheets=[...document.adoptedStyleSheets,r]}var qt={ArrowUp:[1,0],ArrowDown:[-1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]},Kt=5,Lt=5,rt=1.25,Yt=400,X=class{#t;#e=new Map;#s=0;constructor(t,e){this.#t=e,t.addEventListener("pointerdown",s=>{t.setPointerCapture(s.pointerId),this.#e.size===0&&(this.#s=0),this.#e.set(s.pointerId,s)}),t.addEventListener("pointermove",s=>this.#r(s));for(let s of["pointerup","pointercancel"])t.addEventListener(s,o=>this.#l(o));t.addEventListener("pointerleave",()=>e.point(null)),t.addEventListener("wheel",s=>this.#a(s),{passive:!1}),t.addEventListener("keydown",s=>this.#i(s));for(let s of["focus","blur"])t.addEventListener(s,()=>e.point(null))}#r(t){let e=this.#e.get(t.pointerId);if(!e){t.pointerType!=="touch"&&this.#t.point(this.#t.pointOf(t));return}let[s,o]=[t.clientX-e.clientX,t.clientY-e.clientY];this.#s+=Math.hypot(s,o);let[i]=[...this.#e.values()].filter(({pointerId:f})=>f!==t.pointerId);this.#e.set(t.pointerId,t);let n=this.#t.view();if(this.#s<=Lt)return;let l=180/Math.PI/this.#t.radius()/this.#e.size,a=f=>Math.hypot(f.clientX-i.clientX,f.clientY-i.clientY),h=i?n.zoom*a(t)/Math.max(1,a(e)):n.zoom;this.#t.look({...n,zoom:h,lat:n.lat+o*l,lng:n.lng-s*l})}#l(t){let e=this.#e.size===1;if(!this.#e.delete(t.pointerId)||!e||this.#s>Lt||t.type==="pointercancel")return;let s=this.#t.pointOf(t);this.#t.point(s),this.#t.choose(s)}#a(t){if(!this.#t.zooms)return;t.preventDefault();let e=this.#t.view();this.#t.look({...e,zoom:e.zoom*Math.exp(-t.deltaY/Yt)})}#i(t){if(t.altKey||t.ctrlKey||t.metaKey)return;let e=this.#t.view(),s=qt[t.key],o={"+":rt,"=":rt,"-":1/rt}[t.key];if(!s&&!o)return;t.preventDefault();let i=Kt*(t.shiftKey?3:1);s?this.#t.look({...e,lat:e.lat+s[0]*i,lng:e.lng+s[1]*i}):this.#t.look({...e,zoom:e.zoom*o}),this.#t.point(null)}};var Qt=35e6,nt=2,H=class{#t;#e;#s;#r;#l;#a;#i=null;#o=null;#c;constructor(t,e,s,o,i,n){this.#t=t,this.#e=e,this.#s=s,this.#r=o,this.#l=i,this.#c=n,this.#a=et(o.length),this.#u()}get holdsAll(){return this.#e.columns*this.#e.rows*this.#r.length<=Qt}get coarse(){return this.#a}get shown(){return this.#o}get drawn(){return this.#o===null?null:this.isWhole?{texture:nt,isFine:!0}:{texture:this.#o.texture,isFine:!1}}get isWhole(){return this.#o?.filled.size===this.#r.length}take({of:t,level:e,values:s}){let o=V(t);if(this.#i===null||V(this.#i.of)!==o){let l=this.#o?.texture===0?1:0;this.#i={of:t,norm:this.#l(t),shells:new Map,texture:l,filled:new Set}}let i=this.#i;i.shells.set(e,s);let n=this.#a.indexOf(e);n>=0&&this.#t.fill(i.texture,n,this.#d(e,i)),i===this.#o?this.holdsAll&&this.#m(e):this.#a.every(l=>i.shells.has(l))&&(this.#o=i,this.#c())}clear(){this.#i=this.#o=null,this.#c()}async restore(){let t=this.#o;if(this.#i=this.#o=null,this.#u(),t===null)return;let e=[...this.#a,...[...t.shells.keys()].filter(s=>!this.#a.includes(s))];for(let[s,o]of e.entries()){if(s%8===7&&await new Promise(i=>setTimeout(i)),this.#i&&V(this.#i.of)!==V(t.of))return;this.take({of:t.of,level:o,values:t.shells.get(o)})}}valueAt(t,e,s){if(this.#o===null)return NaN;let{shells:o}=this.#o,i=this.isWhole?null:this.#a,n=st(i?i.map(m=>this.#r[m]):this.#r,s),l=J(this.#s,t,e),a=this.#s.longitudes_deg.length,h=m=>{let b=o.get(i?i[m]:m);return tt(l,l.map(({row:p,column:d})=>b[p*a+d]))},f=Math.floor(n),c=n-f;return c===0?h(f):h(f)*(1-c)+h(f+1)*c}#u(){this.#t.makeVolume(0,this.#a.length),this.#t.makeVolume(1,this.#a.length),this.holdsAll&&this.#t.makeVolume(nt,this.#r.length)}#d(t,{shells:e,norm:s}){return this.#e.laidOut(e.get(t),s)}#m(t){let e=this.#o,s=this.#a.find(o=>!e.filled.has(o)&&o!==t);for(let o of[t,...s===void 0?[]:[s]])this.#t.fill(nt,o,this.#d(o,e)),e.filled.add(o);this.isWhole&&this.#c()}},V=({variable:r,t,draw:e,anomaly:s})=>`${r}/${t}@${e??""}${s?"~anomaly":""}`;var Jt=[660,1600],[Ft,te]=[2,250],kt=16,[ee,se]=[35,8],Pt=class{#t;#e;#s;#r;#l;#a;#i;#o;#c;#u;#d;#m;#h;#n=null;#f=null;#p=null;#E=null;#b=null;#M=null;#x=0;#w=!0;#R=0;constructor(t){let{catalog:e}=t.source;this.#t=t,this.#s=[...e.shells].sort((a,h)=>a.radius_km-h.radius_km),this.#e=this.#s.at(-1).radius_km,this.#r=ct(e);let s=at([...this.#s].reverse(),e).map(({depthKm:a})=>a);this.#l=Jt.filter(a=>s.includes(a));let o=this.#s.map(({radius_km:a})=>a/this.#e),i=y("canvas",{tabindex:"0",role:"application","aria-label":"Globe, cut open; arrow keys turn it, plus and minus zoom"}),n=y("p",{id:"globe-note",hidden:!0}),l=y("section",{id:"globe","aria-label":"Cut-away globe"},i,n);this.#a=Mt(e.grid,o,o[0]),this.#i=new j(i,this.#a,{ready:()=>this.#g(),restored:()=>this.#G(),failed:a=>this.#B(a)}),this.#o=new H(this.#i,this.#a,e.grid,o,a=>this.#T(a),()=>{this.#g(),t.drawn()}),this.#c=new $(t,this.#o,{shell:a=>this.#o.take(a),failed:a=>t.inform(a)}),this.#h={root:l,canvas:i,note:n},At(),document.querySelector("main").append(l),this.#u=new U(l,{moved:a=>this.#O(a),pointOf:a=>this.#P(a)}),this.#d=new B(l,this.#l,this.#e,e.surface_radius_km),this.#m=new G(t.map),new X(i,{pointOf:a=>this.#P(a),view:()=>this.#n,look:a=>this.#O(a),radius:()=>P(i.clientWidth,i.clientHeight,this.#n),point:a=>this.#j(a),choose:a=>this.#X(a),zooms:!t.isEmbedded}),t.map.on("mousemove",({latlng:a})=>this.#z(a)),t.map.on("mouseout",()=>this.#z(null)),document.getElementById("graticule").addEventListener("change",()=>this.#g()),new ResizeObserver(()=>this.#V()).observe(l)}show({globe:t,place:e}){let s=this.#n!==null;this.#n=t?this.#$(t):null,this.#h.root.hidden=this.#n===null,this.#m.show(this.#n),this.#d.place=e??null,this.#n===null?s&&this.#W():s?this.#g():this.shown()}#$(t){let e=mt(t);return e||(this.#t.inform(`There is no globe=${t}; it is a latitude, a longitude, a zoom, and the cut's west, east and floor.`),queueMicrotask(()=>this.#O(O)),O)}shown(){let[t,e]=[this.#t.shownFrame(),this.#t.legend()];if(this.#n===null||t===null||e===null)return;this.#c.shown(t),this.#U(),this.#b?.abort();let s=this.#t.engine.shellOf(t);s?this.#L(t,e,s.values):this.#D(t,e)}get reading(){if(this.#n===null||this.#f===null)return null;let t=this.#M??(document.activeElement===this.#h.canvas?{x:0,y:0}:null),e=t&&this.#S(t);if(!e)return null;if(e.surface==="core")return{value:NaN,text:"",place:"below the lowest shell"};let{lat:s,lng:o,radius:i,surface:n}=e,a=(n==="shell"?this.#C(s,o):this.#A(this.#f)?this.#o.valueAt(s,o,i):NaN)*(this.#p.factor??1),h=Number.isNaN(a)?"\u2026":ht(a,this.#p.range)+Z(this.#p.unit),f=this.#t.source.catalog.surface_radius_km-i*this.#e,c=n==="shell"?"":` \xB7 ${this.#r(Math.abs(f))} ${f<0?"high":"deep"}`;return{value:a,text:h,place:ft(s,o)+c}}get picture(){return this.#n===null?null:(this.#v({samples:Ft}),this.#h.canvas)}get#_(){let t=this.#f?.r;return this.#s.find(e=>e.r===t).radius_km/this.#e}get#y(){return{core:this.#s[0].radius_km/this.#e,peel:this.#_}}#S({x:t,y:e}){return this.#f&&D(this.#n,this.#y,t,e)}#C(t,e){let{grid:s}=this.#t.source.catalog;return gt({shape:[s.latitudes_deg.length,s.longitudes_deg.length],values:this.#E},s,t,e)}#T({variable:t,anomaly:e}){let{range:[s,o]}=this.#t.source.variables.find(({name:i})=>i===t);return{middle:e?0:(s+o)/2,half:(o-s)/2||1}}#A({variable:t,anomaly:e=!1}){let{of:s}=this.#o.shown??{};return s!==void 0&&s.variable===t&&!!s.anomaly===e}#L(t,e,s){this.#f=t,this.#p=e,this.#E=s,this.#F(),this.#g(),this.#t.reading()}#F(){this.#i.setPalette(this.#p.colors),this.#i.setShell(this.#a.laidOut(this.#E,this.#T(this.#f)))}async#D(t,e){this.#b=new AbortController;let{signal:s}=this.#b;try{let o=await this.#t.source.fetchShell?.(t,s);o&&!s.aborted&&this.#L(t,e,o.values)}catch(o){s.aborted||this.#t.inform(o.message)}}#U(){let[t,e]=[this.#o.coarse.length,this.#s.length];this.#h.note.hidden=this.#k||t===e,this.#h.note.textContent=`The cut shows ${t} of ${e} shells${this.#o.holdsAll?", because the server computes":""}.`}get#k(){return this.#t.engine.chosen==="browser"&&this.#o.holdsAll}#B(t){this.#t.choose({globe:null}),this.#t.inform(t.message)}#W(){this.#c.stop(),this.#b?.abort(),this.#o.clear(),this.#M=null,this.#t.reading()}#G(){this.#f&&this.#F(),this.#o.restore(),this.#g()}#O(t){this.#t.look({globe:dt(Q(t))})}#P({clientX:t,clientY:e}){let{left:s,top:o,width:i,height:n}=this.#h.canvas.getBoundingClientRect(),l=P(i,n,this.#n??O);return{x:(t-s-i/2)/l,y:(o+n/2-e)/l}}#j(t){this.#M=t;let e=t&&this.#S(t);this.#m.mark(e??null),this.#t.reading()}#X(t){let e=this.#S(t);if(!e||e.surface==="core")return;if(e.surface==="shell"){this.#t.looksBelow&&this.#t.choose({place:bt(e)});return}let s=({radius_km:o})=>Math.abs(o/this.#e-e.radius);this.#t.choose({r:this.#s.reduce((o,i)=>s(i)<s(o)?i:o).r})}#z(t){this.#n!==null&&(this.#d.hovered=t,this.#N())}#V(){let{canvas:t}=this.#h,e=window.devicePixelRatio||1,[s,o]=[Math.round(t.clientWidth*e),Math.round(t.clientHeight*e)];!s||!o||t.width===s&&t.height===o||(t.width=s,t.height=o,this.#v({samples:1,isSmall:this.#w}),this.#g())}#g(){clearTimeout(this.#R),this.#R=setTimeout(()=>this.#I(0),te),this.#x&&cancelAnimationFrame(this.#x),this.#x=requestAnimationFrame(t=>{this.#x=0,this.#v({samples:1,isSmall:this.#w}),setTimeout(()=>{let e=performance.now()-t;this.#w=this.#w?e>se:e>ee})})}#I(t){if(this.#n===null||this.#f===null||!this.#i.isReady||!this.#o.isWhole&&this.#k)return;let e=Math.ceil(this.#h.canvas.height/kt);this.#v({samples:Ft,strip:[t*e,e]}),this.#x=t+1<kt?requestAnimationFrame(()=>this.#I(t+1)):0,this.#x||(this.#h.canvas.dataset.drawn="fine")}#v(t){let{canvas:e}=this.#h;if(this.#n===null||this.#f===null||!e.width||!this.#i.isReady)return;let s=this.#A(this.#f)?this.#o.drawn:null,{middle:o,half:i}=this.#T(this.#f),n=l=>(this.#t.source.catalog.surface_radius_km-l)/this.#e;this.#i.draw({view:this.#n,shape:this.#y,volume:s,rings:this.#l.map(n),range:this.#p.range.map(l=>(l/(this.#p.factor??1)-o)/i),hasGraticule:document.getElementById("graticule").checked},t),e.dataset.drawn="quick",e.dataset.shown=xt(this.#f),e.dataset.detail=s===null?"shell":this.#o.shown.of.t!==this.#f.t?"earlier":s.isFine?"whole":"coarse",this.#N()}#N(){if(this.#n===null||this.#f===null)return;let{clientWidth:t,clientHeight:e}=this.#h.canvas,s=P(t,e,this.#n),o=(i,n)=>[t/2+i*s,e/2-n*s];this.#u.place(this.#n,o,this.#_),this.#d.put(this.#n,this.#y,o)}};export{Pt as Globe};
//# sourceMappingURL=globe.js.map
