function ht(i){let t=new CSSStyleSheet;t.replaceSync(i),document.adoptedStyleSheets=[...document.adoptedStyleSheets,t]}var[Dt,Ct]=[6371,30],ct=({surface_radius_km:i,length_unit:t="km"})=>t==="km"&&Math.abs(i-Dt)<=Ct;var Ut=[410,660,1600,2891];function ft(i,t){let e=i.length-1;if(!ct(t)||e<1)return[];let[s,o]=[i[0].depth_km,i[e].depth_km],r=(o-s)/e;return Ut.filter(n=>n>=s-r&&n<=o+r).map(n=>{let l=i.findIndex(({depth_km:f})=>f>=n);if(l<=0)return{depthKm:n,place:l===0?0:1};let[a,h]=[i[l-1].depth_km,i[l].depth_km];return{depthKm:n,place:(l-1+(n-a)/(h-a))/e}})}function dt(i,t){let e=Math.abs(t[1]-t[0])||1,s=Math.floor(Math.log10(e))-3,o=Math.floor(Math.log10(Math.max(Math.abs(t[0]),Math.abs(t[1]),Math.abs(i))));if(o>9||o<-4){let r=Math.min(ut,Math.max(3,Math.floor(Math.log10(Math.abs(i)||1))-s));return i===0?"0":i.toExponential(r).replace("e+","e")}return i.toFixed(Math.min(ut,Math.max(0,-s)))}var ut=8,Z=i=>Bt(i)?` ${i.trim()}`:"";var Bt=i=>!["","1"].includes(i.trim());function mt({length_unit:i="km",length_decimals:t=0}){let e={minimumFractionDigits:t,maximumFractionDigits:t},s=new Intl.NumberFormat("en",e);return o=>s.format(o===0?0:o)+Z(i)}var pt=(i,t,e=1)=>`${q(i,e)} ${I(t,e)}`,q=(i,t=0)=>gt(i,t,"N","S",i===0),I=(i,t=0)=>gt(i,t,"E","W",i===0||Math.abs(i)===180);function gt(i,t,e,s,o){let r=`${Math.abs(i).toFixed(t)}\xB0`;return o?r:`${r} ${i>0?e:s}`}var S=(i,t=-180)=>((i-t)%360+360)%360+t;var O=Object.freeze({lat:22,lng:0,zoom:1,west:-58,east:42,floor:0}),[Wt,jt]=[.5,8],N=5,K=(i,t,e)=>Math.min(t,Math.max(i,e));function Y({lat:i,lng:t,zoom:e,west:s,east:o,floor:r}){let n=(l,a=10)=>Math.round(l*a)/a+0;return Object.freeze({lat:n(K(-90,90,i)),lng:n(S(t)),zoom:n(K(Wt,jt,e),100),west:n(S(s)),east:n(S(o)),floor:n(K(-90,90,r))})}var xt=({lat:i,lng:t,zoom:e,west:s,east:o,floor:r})=>[i,t,e,s,o,r].join();function wt(i){if(/^(|1|true|yes|on)$/i.test(i))return O;let t=i.split(/[,;]/).map(s=>s.trim()===""?NaN:Number(s));if(![2,3,6].includes(t.length)||!t.every(Number.isFinite))return;let e=["lat","lng","zoom","west","east","floor"];return Y({...O,...Object.fromEntries(t.map((s,o)=>[e[o],s]))})}function T(i,t={},...e){let s=document.createElement(i);for(let[o,r]of Object.entries(t))typeof r=="function"?s.addEventListener(o,r):r!==!1&&s.setAttribute(o,r===!0?"":r);return s.append(...e),s}var bt=(i,t,e,s={})=>T("button",{type:"button",name:i,click:e,...s},t);function Q(i,t,e){let[s,o]=Gt(i.latitudes_deg,t),[r,n,l]=Xt(i.longitudes_deg,e),a=[{row:s,column:r,weight:(1-o)*(1-l)},{row:s,column:n,weight:(1-o)*l},{row:s+1,column:r,weight:o*(1-l)},{row:s+1,column:n,weight:o*l}],h=(o>.5?2:0)+(l>.5?1:0);return a.unshift(...a.splice(h,1)),a.filter(({weight:f})=>f>0)}function J(i,t){if(Number.isNaN(t[0]))return NaN;let[e,s]=[0,0];return i.forEach(({weight:o},r)=>{Number.isNaN(t[r])||(e+=o*t[r],s+=o)}),e/s}function Et(i,t,e,s){let o=Q(t,e,s);return J(o,o.map(({row:r,column:n})=>i.values[r*i.shape[1]+n]))}function Gt(i,t){let e=i.length-1,s=i.findIndex(r=>r<t);if(s===0)return[0,0];if(s===-1)return[e,0];let o=i[s-1];return[s-1,(o-t)/(o-i[s])]}function Xt(i,t){let e=i[0],s=S(t,e),o=i.findIndex(a=>a>s),r=o===-1?0:o,n=(r+i.length-1)%i.length,l=o===-1?e+360:i[r];return[n,r,(s-i[n])/(l-i[n])]}var Ht=({variable:i,t,r:e})=>`${i}/${t}/${e}`,vt=i=>Ht(i)+(i.draw?`@${i.draw}`:"")+(i.anomaly?"~anomaly":"")+(i.range?`~${i.range}`:"");function Mt({lat:i,lng:t}){let e=s=>Math.round(s*100)/100+0;return Object.freeze({lat:e(i),lng:e(t)})}var yt=`#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;var Vt="0.035",Tt=`#version 300 es
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
  found.rgb *= mix(0.72, 1.0, smoothstep(0.0, ${Vt}, min(corner, radius - core)));
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
}`;var Zt=26;function tt(i){let t=Math.max(1,Math.ceil((i-1)/(Zt-1)));return Array.from({length:i},(e,s)=>s).filter(e=>e%t===0||e===i-1)}function Ot({latitudes_deg:i,longitudes_deg:t},e,s){let[o,r]=[i[0]>=90,i.at(-1)<=-90],n=[...r?[]:[-90],...[...i].reverse(),...o?[]:[90]],l=[...t,t[0]+360],[a,h,f]=[l.length,n.length,t.length],c=tt(e.length).map(d=>e[d]),x=Float32Array.from([[e,d=>s+d*(1-s)],[c,d=>s+d*(1-s)],[n,d=>-90+180*d],[l,d=>t[0]+360*d]].flatMap(([d,w])=>Array.from({length:1024},(m,u)=>et(d,w(u/1023))))),g=(d,{middle:w,half:m})=>{let u=new Float32Array(a*h),M=r?0:1;return i.forEach((b,E)=>{let y=(M+i.length-1-E)*a;for(let z=0;z<f;z++)u[y+z]=(d[E*f+z]-w)/m;u[y+f]=u[y]}),r||u.fill(St(u,a,f),0,a),o||u.fill(St(u,(h-2)*a,f),(h-1)*a),u};return{columns:a,rows:h,levels:e.length,table:x,firstLng:t[0],laidOut:g}}function St(i,t,e){let s=0;for(let o=t;o<t+e;o++)s+=i[o];return s/e}function et(i,t){let e=i.findIndex(s=>s>=t);return e===0?0:e<0?i.length-1:e-1+(t-i[e-1])/(i[e]-i[e-1])}var $=class{#t;#e;#s;#r;#l=null;#n=0;#i=null;constructor(t,e,s){this.#t=t,this.#e=e.coarse,this.#s=e.holdsAll,this.#r=s}shown(t){let{engine:e,source:s}=this.#t;if(e.chosen==="browser"){if(this.#o(),e.computer===null||e.computer===this.#l)return;this.#l=e.computer,this.#l.fill({first:this.#e,all:this.#s},r=>r.error?this.#r.failed(r.error):this.#r.shell(r));return}this.#c();let o=JSON.stringify([t.variable,t.t,t.draw,t.anomaly]);this.#i?.key===o||!s.fetchShell||(this.#o(),this.#i={key:o,stopping:new AbortController},this.#n=setTimeout(()=>this.#d(t,this.#i.stopping.signal),400))}stop(){this.#o(),this.#c()}#o(){clearTimeout(this.#n),this.#i?.stopping.abort(),this.#i=null}#c(){this.#l?.fill(null),this.#l=null}async#d(t,e){let{variable:s,t:o,draw:r,anomaly:n}=t,l=[...this.#e],a=async()=>{for(;l.length>0&&!e.aborted;){let h=l.shift(),f=await this.#t.source.fetchShell({...t,r:h},e);if(e.aborted)return;f&&this.#r.shell({of:{variable:s,t:o,draw:r,anomaly:n},level:h,values:f.values})}};try{await Promise.all(Array.from({length:3},a))}catch(h){e.aborted||this.#r.failed(h.message)}}};var D=Math.PI/180;function v({lat:i,lng:t}){let[e,s]=[i*D,t*D];return[Math.cos(e)*Math.cos(s),Math.cos(e)*Math.sin(s),Math.sin(e)]}var st=([i,t,e])=>({lat:Math.atan2(e,Math.hypot(i,t))/D,lng:Math.atan2(t,i)/D});var A=(i,t)=>i[0]*t[0]+i[1]*t[1]+i[2]*t[2],L=({lat:i,lng:t})=>[ot(t),v({lat:i+90,lng:t}),v({lat:i,lng:t})],ot=i=>v({lat:0,lng:i+90});function F(i,t){let[e,s,o]=L(i).map(r=>A(r,t));return{x:e,y:s,depth:o}}var _=({west:i,east:t})=>S(t-i,0);function P(i){let[,,t]=v({lat:i.floor,lng:0});return{west:ot(i.west),east:ot(i.east),floor:t,isWide:_(i)>180}}function _t({west:i,east:t,isWide:e},s){let[o,r]=[A(s,i)>0,A(s,t)<0];return e?o||r:o&&r}function C(i,{core:t,peel:e},s,o){let[r,n,l]=L(i),a=P(i),h=r.map((m,u)=>m*s+n[u]*o),f=m=>h.map((u,M)=>u+m*l[M]),c=[],p=(m,u,M)=>{let b=f(u);Number.isFinite(u)&&M(b,Math.hypot(...b))&&c.push({surface:m,depth:u,p:b})},x=m=>m>=t&&m<=1,g=s*s+o*o;p("shell",Math.sqrt(e*e-g),m=>!(m[2]>a.floor&&_t(a,m))),p("core",Math.sqrt(t*t-g),()=>!0);for(let m of["west","east"]){let u=a[m],M=b=>b[0]*u[1]-b[1]*u[0]>0;p(m,-A(h,u)/A(l,u),(b,E)=>M(b)&&b[2]>a.floor&&x(E))}if(p("floor",(a.floor-h[2])/l[2],(m,u)=>_t(a,m)&&x(u)),c.length===0)return null;let{surface:d,p:w}=c.reduce((m,u)=>u.depth>m.depth?u:m);return{surface:d,radius:Math.hypot(...w),...st(w)}}function Rt(i,t,e){let s=Math.max(1,Math.hypot(t,e)),[o,r]=[t/s,e/s],n=Math.sqrt(Math.max(0,1-o*o-r*r)),[l,a,h]=L(i);return st(l.map((f,c)=>f*o+a[c]*r+h[c]*n))}var qt={ArrowLeft:-1,ArrowDown:-1,ArrowRight:1,ArrowUp:1,PageDown:-10,PageUp:10},it={west:{sign:"W",words:"West plane of the cut",most:180,format:I},east:{sign:"E",words:"East plane of the cut",most:180,format:I},floor:{sign:"\u2195",words:"Floor of the cut",most:90,format:q}},U=class{#t;#e;#s;#r=null;#l;constructor(t,e){this.#t=t,this.#e=e,this.#s=Object.fromEntries(Object.keys(it).map(s=>[s,this.#n(s)]))}place(t,e,s){this.#r=t;let o=(t.floor+90)/2,r={west:v({lat:o,lng:t.west}),east:v({lat:o,lng:t.east}),floor:v({lat:t.floor,lng:t.west+_(t)/2})};for(let[n,l]of Object.entries(this.#s)){let{x:a,y:h,depth:f}=F(t,r[n]),[c,p]=e(a,h);l.style.translate=`${Math.round(c)}px ${Math.round(p)}px`,l.classList.toggle("behind",f<0&&Math.hypot(a,h)<s);let{words:x,most:g,format:d}=it[n],w={label:x,valuemin:-g,valuemax:g,valuenow:t[n],valuetext:d(t[n],1)};for(let[m,u]of Object.entries(w))l.setAttribute(`aria-${m}`,String(u))}}#n(t){let{sign:e,words:s}=it[t],o=bt(`globe-${t}`,e,()=>{},{class:"handle",role:"slider",title:s});return o.addEventListener("pointerdown",r=>o.setPointerCapture(r.pointerId)),o.addEventListener("pointermove",r=>{if(!o.hasPointerCapture(r.pointerId))return;let{x:n,y:l}=this.#e.pointOf(r),{lat:a,lng:h}=Rt(this.#r,n,l);this.#i(t,t==="floor"?a:h)}),o.addEventListener("keydown",r=>{let n=qt[r.key];!n||r.altKey||r.ctrlKey||r.metaKey||(r.preventDefault(),this.#i(t,this.#r[t]+n*(r.shiftKey?10:1)))}),this.#t.append(o),o}#i(t,e){let s={...this.#r,[t]:t==="floor"?Math.min(90-N,e):e},o=_(s);o>=N&&o<=360-N&&this.#e.moved(s)}};var B=class{#t;#e;#s;place=null;hovered=null;constructor(t,e,s,o){this.#e=T("i",{class:"globe-mark chosen"}),this.#s=T("i",{class:"globe-mark"}),this.#t=e.map(r=>({radius:(o-r)/s,label:T("span",{class:"globe-depth","aria-hidden":"true"},String(r))})),t.append(this.#e,this.#s,...this.#t.map(({label:r})=>r))}put(t,e,s){let o=(a,h,f)=>{let{x:c,y:p,depth:x}=F(t,h),g=x>0&&C(t,e,c,p)?.surface===f;a.hidden=!g,g&&(a.style.translate=s(c,p).map(d=>`${Math.round(d)}px`).join(" "))};for(let[a,h]of[[this.#e,this.place],[this.#s,this.hovered]])h?o(a,v(h).map(f=>f*e.peel),"shell"):a.hidden=!0;let r=P(t),n=a=>Math.abs(F(t,r[a]).depth),l=n("west")>n("east")?"west":"east";for(let[a,{radius:h,label:f}]of this.#t.entries()){let c=t.floor+(.2+.14*a)*(90-t.floor);o(f,v({lat:c,lng:t[l]}).map(p=>p*h),l)}}};import{CRS as At,LatLng as je,Map as Ge,Projection as Kt}from"./leaflet.js?v=afbbf00646bfde78";var He={WorldCRS84Quad:{crs:At.EPSG4326,columns:2,maxLatitude:90},WebMercatorQuad:{crs:At.EPSG3857,columns:1,maxLatitude:Kt.SphericalMercator.MAX_LATITUDE}};var rt=i=>i.options.maxBounds.getNorth();function Yt(i,t,e){let s=window.devicePixelRatio||1;i.width=Math.round(t*s),i.height=Math.round(e*s),i.style.width=`${t}px`,i.style.height=`${e}px`;let o=i.getContext("2d");return o.scale(s,s),o}var W=class{#t;#e=document.createElement("canvas");#s;constructor(t,e,s){this.#t=t,this.#s=s,this.#e.className=`viewport-canvas ${e}`,t.getContainer().append(this.#e),t.on("move resize",()=>this.redraw())}setVisible(t){this.#e.hidden=!t,this.redraw()}redraw(){if(this.#e.hidden)return;let{x:t,y:e}=this.#t.getSize(),s=Yt(this.#e,t,e),{min:o}=this.#t.getPixelBounds(),r=this.#t.getBounds();this.#s(s,{width:t,height:e,left:o.x,top:o.y,zoom:this.#t.getZoom(),west:r.getWest(),east:r.getEast(),north:Math.min(r.getNorth(),rt(this.#t)),south:Math.max(r.getSouth(),-rt(this.#t)),pointOf:(n,l)=>this.#t.project([n,l]).subtract(o)})}};var Qt=5,j=class{#t=null;#e=null;#s;constructor(t){this.#s=new W(t,"marks",(e,s)=>this.#r(e,s))}show(t){this.#t=t,this.#s.setVisible(t!==null)}mark(t){t===null&&this.#e===null||(this.#e=t,this.#s.redraw())}#r(t,{west:e,east:s,north:o,pointOf:r}){if(this.#t===null)return;let{west:n,floor:l}=this.#t,a=_(this.#t),h=Math.ceil(a/Qt),f=Array.from({length:h+1},(g,d)=>[l,n+a*d/h]),c=[[Math.max(l,o),n],...f,[Math.max(l,o),n+a]];for(let g=Math.ceil((e-n-a)/360);n+360*g<=s;g++)for(let[d,w]of[[4,"rgb(0 0 0 / 0.4)"],[1.5,"#fff"]]){t.beginPath();for(let[m,u]of c){let{x:M,y:b}=r(m,u+360*g);t.lineTo(M,b)}t.setLineDash(d>2?[]:[7,4]),t.lineWidth=d,t.strokeStyle=w,t.stroke()}if(t.setLineDash([]),this.#e===null)return;let{lat:p,lng:x}=this.#e;for(let g=Math.ceil((e-x)/360);x+360*g<=s;g++){let{x:d,y:w}=r(p,x+360*g);t.beginPath(),t.arc(d,w,5,0,2*Math.PI),t.fillStyle="#fff",t.fill(),t.lineWidth=2,t.strokeStyle="#000",t.stroke()}}};var Lt={shell:0,volume:1,table:2,palette:3},Jt=4,Ft={fine:0,coarse:1},nt=i=>i.getContext("webgl2",{antialias:!1,depth:!1,preserveDrawingBuffer:!0}),G=class{#t;#e;#s=!1;#r;#l;#n={};#i={};#o=[];#c=[];#d=null;constructor(t,e,s){if(this.#t=t,this.#r=e,this.#e=nt(t),this.#e===null)throw new Error("This browser has no WebGL 2, which the globe needs. The map shows the same values.");if(Math.max(e.columns,e.rows,e.levels)>this.#e.getParameter(this.#e.MAX_3D_TEXTURE_SIZE))throw new Error("This browser's WebGL has no room for so fine a grid. The map shows it.");t.addEventListener("webglcontextlost",n=>{this.#s=!1,n.preventDefault()});let r=()=>this.#u().then(n=>n&&s.ready(),s.failed);t.addEventListener("webglcontextrestored",()=>{r(),s.restored()}),r()}get isReady(){return this.#s}setShell(t){let e=this.#e,{columns:s,rows:o}=this.#r;this.#h("shell",e.TEXTURE_2D,this.#i.shell),e.texImage2D(e.TEXTURE_2D,0,e.R32F,s,o,0,e.RED,e.FLOAT,t),this.#i.hasShell=!0}setPalette(t){let e=this.#e,s=Uint8Array.from(t.flatMap(o=>[1,3,5].map(r=>parseInt(o.slice(r,r+2),16)).concat(255)));this.#h("palette",e.TEXTURE_2D,this.#i.palette),e.texImage2D(e.TEXTURE_2D,0,e.RGBA8,t.length,1,0,e.RGBA,e.UNSIGNED_BYTE,s)}makeVolume(t,e){let s=this.#e,{columns:o,rows:r}=this.#r;s.deleteTexture(this.#o[t]??null),this.#o[t]=this.#a(s.TEXTURE_3D,s.LINEAR),this.#h("volume",s.TEXTURE_3D,this.#o[t]),s.texStorage3D(s.TEXTURE_3D,1,s.R16F,o,r,e)}fill(t,e,s){this.#s?this.#m(t,e,s):this.#c.push([t,e,s])}#m(t,e,s){let o=this.#e,{columns:r,rows:n}=this.#r;this.#h("volume",o.TEXTURE_3D,this.#o[t]),o.texSubImage3D(o.TEXTURE_3D,0,0,0,e,r,n,1,o.RED,o.FLOAT,s)}draw({view:t,shape:e,rings:s,range:[o,r],volume:n,hasGraticule:l},{samples:a,isSmall:h=!1,strip:f}){let c=this.#e;if(!this.#s||c.isContextLost())return;let[p,x]=[this.#t.width,this.#t.height].map(E=>h?Math.ceil(E/2):E),g=P(t),[d,w,m]=L(t),u=(window.devicePixelRatio||1)/(h?2:1),M={scale:k(p,x,t),ratio:u,floorZ:g.floor,core:e.core,peel:e.peel,firstLng:this.#r.firstLng*Math.PI/180,radiusRow:n?.isFine?Ft.fine:Ft.coarse},b={isWide:g.isWide,hasShell:!!this.#i.hasShell,hasVolume:n!==null,hasGraticule:l,samples:a};c.useProgram(this.#l);for(let[E,y]of Object.entries(M))c.uniform1f(this.#f(E),y);for(let[E,y]of Object.entries(b))c.uniform1i(this.#f(E),Number(y));for(let[E,y]of Object.entries({right:d,up:w,forward:m,west:g.west,east:g.east}))c.uniform3fv(this.#f(E),y);c.uniform2f(this.#f("size"),p,x),c.uniform2f(this.#f("rings"),s[0]??0,s[1]??0),c.uniform2f(this.#f("range"),o,254/(r-o)),c.uniform4f(this.#f("empty"),.5,.52,.55,1),n&&this.#h("volume",c.TEXTURE_3D,this.#o[n.texture]),h&&this.#p(p,x),c.viewport(0,0,p,x),f&&(c.enable(c.SCISSOR_TEST),c.scissor(0,f[0],p,f[1])),c.drawArrays(c.TRIANGLES,0,3),c.disable(c.SCISSOR_TEST),h&&(c.bindFramebuffer(c.DRAW_FRAMEBUFFER,null),c.blitFramebuffer(0,0,p,x,0,0,this.#t.width,this.#t.height,c.COLOR_BUFFER_BIT,c.LINEAR),c.bindFramebuffer(c.FRAMEBUFFER,null))}#p(t,e){let s=this.#e;this.#d??={frame:s.createFramebuffer(),colors:s.createRenderbuffer(),size:""};let{frame:o,colors:r,size:n}=this.#d;s.bindFramebuffer(s.FRAMEBUFFER,o),n!==`${t} ${e}`&&(this.#d.size=`${t} ${e}`,s.bindRenderbuffer(s.RENDERBUFFER,r),s.renderbufferStorage(s.RENDERBUFFER,s.RGBA8,t,e),s.framebufferRenderbuffer(s.FRAMEBUFFER,s.COLOR_ATTACHMENT0,s.RENDERBUFFER,r))}async#u(){let t=this.#e,e=t.createProgram();for(let[n,l]of[[t.VERTEX_SHADER,yt],[t.FRAGMENT_SHADER,Tt]]){let a=t.createShader(n);t.shaderSource(a,l),t.compileShader(a),t.attachShader(e,a)}t.linkProgram(e),this.#l=e,this.#n={},this.#o=[],this.#c=[],this.#d=null,this.#i={};for(let n of["shell","table","palette"])this.#i[n]=this.#a(t.TEXTURE_2D,t.NEAREST);this.#h("table",t.TEXTURE_2D,this.#i.table);let{table:s}=this.#r;t.texImage2D(t.TEXTURE_2D,0,t.R32F,1024,s.length/1024,0,t.RED,t.FLOAT,s);let o=t.getExtension("KHR_parallel_shader_compile");if(o&&await Pt(()=>t.isContextLost()||t.getProgramParameter(e,o.COMPLETION_STATUS_KHR)),t.isContextLost()||this.#l!==e)return!1;if(!t.getProgramParameter(e,t.LINK_STATUS)){let n=[t.getProgramInfoLog(e),...t.getAttachedShaders(e).map(l=>t.getShaderInfoLog(l))];throw new Error(`This browser cannot draw the globe: ${n.filter(Boolean).join(" ").trim()}`)}for(let n=0;n<t.getProgramParameter(e,t.ACTIVE_UNIFORMS);n++){let{name:l}=t.getActiveUniform(e,n);this.#n[l]=t.getUniformLocation(e,l)}t.useProgram(e);for(let[n,l]of Object.entries(Lt))t.uniform1i(this.#f(n),l);this.#p(1,1),t.viewport(0,0,1,1),t.drawArrays(t.TRIANGLES,0,3),t.bindFramebuffer(t.FRAMEBUFFER,null);let r=t.fenceSync(t.SYNC_GPU_COMMANDS_COMPLETE,0);for(t.flush(),await Pt(()=>t.isContextLost()||t.getSyncParameter(r,t.SYNC_STATUS)===t.SIGNALED);this.#l===e&&this.#c.length&&!t.isContextLost();){for(let n of this.#c.splice(0,Jt))this.#m(...n);await new Promise(n=>setTimeout(n))}return this.#s=!t.isContextLost()&&this.#l===e,this.#s}#a(t,e){let s=this.#e,o=s.createTexture();s.bindTexture(t,o);for(let r of[s.TEXTURE_MIN_FILTER,s.TEXTURE_MAG_FILTER])s.texParameteri(t,r,e);for(let r of[s.TEXTURE_WRAP_S,s.TEXTURE_WRAP_T,s.TEXTURE_WRAP_R])s.texParameteri(t,r,s.CLAMP_TO_EDGE);return o}#h(t,e,s){this.#e.activeTexture(this.#e.TEXTURE0+Lt[t]),this.#e.bindTexture(e,s)}#f(t){return this.#n[t]}},te=.46,k=(i,t,{zoom:e})=>te*Math.min(i,t)*e;async function Pt(i){for(;!i();)await new Promise(t=>setTimeout(t,5))}var kt=`
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
  font-size: 12px;
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
`;var ee={ArrowUp:[1,0],ArrowDown:[-1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]},se=5,zt=5,at=1.25,oe=400,X=class{#t;#e=new Map;#s=0;constructor(t,e){this.#t=e,t.addEventListener("pointerdown",s=>{t.setPointerCapture(s.pointerId),this.#e.size===0&&(this.#s=0),this.#e.set(s.pointerId,s)}),t.addEventListener("pointermove",s=>this.#r(s));for(let s of["pointerup","pointercancel"])t.addEventListener(s,o=>this.#l(o));t.addEventListener("pointerleave",()=>e.point(null)),t.addEventListener("wheel",s=>this.#n(s),{passive:!1}),t.addEventListener("keydown",s=>this.#i(s));for(let s of["focus","blur"])t.addEventListener(s,()=>e.point(null))}#r(t){let e=this.#e.get(t.pointerId);if(!e){t.pointerType!=="touch"&&this.#t.point(this.#t.pointOf(t));return}let[s,o]=[t.clientX-e.clientX,t.clientY-e.clientY];this.#s+=Math.hypot(s,o);let[r]=[...this.#e.values()].filter(({pointerId:f})=>f!==t.pointerId);this.#e.set(t.pointerId,t);let n=this.#t.view();if(this.#s<=zt)return;let l=180/Math.PI/this.#t.radius()/this.#e.size,a=f=>Math.hypot(f.clientX-r.clientX,f.clientY-r.clientY),h=r?n.zoom*a(t)/Math.max(1,a(e)):n.zoom;this.#t.look({...n,zoom:h,lat:n.lat+o*l,lng:n.lng-s*l})}#l(t){let e=this.#e.size===1;if(!this.#e.delete(t.pointerId)||!e||this.#s>zt||t.type==="pointercancel")return;let s=this.#t.pointOf(t);this.#t.point(s),this.#t.choose(s)}#n(t){if(!this.#t.zooms)return;t.preventDefault();let e=this.#t.view();this.#t.look({...e,zoom:e.zoom*Math.exp(-t.deltaY/oe)})}#i(t){if(t.altKey||t.ctrlKey||t.metaKey)return;let e=this.#t.view(),s=ee[t.key],o={"+":at,"=":at,"-":1/at}[t.key];if(!s&&!o)return;t.preventDefault();let r=se*(t.shiftKey?3:1);s?this.#t.look({...e,lat:e.lat+s[0]*r,lng:e.lng+s[1]*r}):this.#t.look({...e,zoom:e.zoom*o}),this.#t.point(null)}};var ie=35e6,lt=2,V=class{#t;#e;#s;#r;#l;#n;#i=null;#o=null;#c;constructor(t,e,s,o,r,n){this.#t=t,this.#e=e,this.#s=s,this.#r=o,this.#l=r,this.#c=n,this.#n=tt(o.length),this.#d()}get holdsAll(){return this.#e.columns*this.#e.rows*this.#r.length<=ie}get coarse(){return this.#n}get shown(){return this.#o}get drawn(){return this.#o===null?null:this.isWhole?{texture:lt,isFine:!0}:{texture:this.#o.texture,isFine:!1}}get isWhole(){return this.#o?.filled.size===this.#r.length}take({of:t,level:e,values:s}){let o=H(t);if(this.#i===null||H(this.#i.of)!==o){let l=this.#o?.texture===0?1:0;this.#i={of:t,norm:this.#l(t),shells:new Map,texture:l,filled:new Set}}let r=this.#i;r.shells.set(e,s);let n=this.#n.indexOf(e);n>=0&&this.#t.fill(r.texture,n,this.#m(e,r)),r===this.#o?this.holdsAll&&this.#p(e):this.#n.every(l=>r.shells.has(l))&&(this.#o=r,this.#c())}clear(){this.#i=this.#o=null,this.#c()}async restore(){let t=this.#o;if(this.#i=this.#o=null,this.#d(),t===null)return;let e=[...this.#n,...[...t.shells.keys()].filter(s=>!this.#n.includes(s))];for(let[s,o]of e.entries()){if(s%8===7&&await new Promise(r=>setTimeout(r)),this.#i&&H(this.#i.of)!==H(t.of))return;this.take({of:t.of,level:o,values:t.shells.get(o)})}}valueAt(t,e,s){if(this.#o===null)return NaN;let{shells:o}=this.#o,r=this.isWhole?null:this.#n,n=et(r?r.map(p=>this.#r[p]):this.#r,s),l=Q(this.#s,t,e),a=this.#s.longitudes_deg.length,h=p=>{let x=o.get(r?r[p]:p);return J(l,l.map(({row:g,column:d})=>x[g*a+d]))},f=Math.floor(n),c=n-f;return c===0?h(f):h(f)*(1-c)+h(f+1)*c}#d(){this.#t.makeVolume(0,this.#n.length),this.#t.makeVolume(1,this.#n.length),this.holdsAll&&this.#t.makeVolume(lt,this.#r.length)}#m(t,{shells:e,norm:s}){return this.#e.laidOut(e.get(t),s)}#p(t){let e=this.#o,s=this.#n.find(o=>!e.filled.has(o)&&o!==t);for(let o of[t,...s===void 0?[]:[s]])this.#t.fill(lt,o,this.#m(o,e)),e.filled.add(o);this.isWhole&&this.#c()}},H=({variable:i,t,draw:e,anomaly:s})=>`${i}/${t}@${e??""}${s?"~anomaly":""}`;var re=[660,1600],[It,ne]=[2,250],Nt=16,[ae,le]=[35,8],he=600;function ce(i){if(i===null)return null;let{port:t}=i;return new Promise(e=>{let s=({data:o})=>{o&&!o.warm||(t.removeEventListener("message",s),e())};t.addEventListener("message",s),t.postMessage({warm:!0}),setTimeout(s,he,{})})}var $t=class i{#t;#e;#s;#r;#l;#n;#i;#o;#c;#d;#m;#p;#u;#a=null;#h=null;#f=null;#v=null;#w=null;#M=null;#x=0;#b=!0;#_=0;static async open(t){let e=T("canvas",{tabindex:"0",role:"application","aria-label":"Globe, cut open; arrow keys turn it, plus and minus zoom"});return await ce(t.engine.computer),nt(e),await new Promise(s=>setTimeout(s)),new i(t,e)}constructor(t,e){let{catalog:s}=t.source;this.#t=t,this.#s=[...s.shells].sort((a,h)=>a.radius_km-h.radius_km),this.#e=this.#s.at(-1).radius_km,this.#r=mt(s);let o=ft([...this.#s].reverse(),s).map(({depthKm:a})=>a);this.#l=re.filter(a=>o.includes(a));let r=this.#s.map(({radius_km:a})=>a/this.#e),n=T("p",{id:"globe-note",hidden:!0}),l=T("section",{id:"globe","aria-label":"Cut-away globe"},e,n);this.#u={root:l,canvas:e,note:n},ht(kt),document.querySelector("main").append(l),this.#I(),this.#n=Ot(s.grid,r,r[0]),this.#i=new G(e,this.#n,{ready:()=>this.#g(),restored:()=>this.#G(),failed:a=>this.#W(a)}),this.#o=new V(this.#i,this.#n,s.grid,r,a=>this.#S(a),()=>{this.#g(),t.drawn()}),this.#c=new $(t,this.#o,{shell:a=>this.#o.take(a),failed:a=>t.inform(a)}),this.#d=new U(l,{moved:a=>this.#O(a),pointOf:a=>this.#k(a)}),this.#m=new B(l,this.#l,this.#e,s.surface_radius_km),this.#p=new j(t.map),new X(e,{pointOf:a=>this.#k(a),view:()=>this.#a,look:a=>this.#O(a),radius:()=>k(e.clientWidth,e.clientHeight,this.#a),point:a=>this.#X(a),choose:a=>this.#H(a),zooms:!t.isEmbedded}),t.map.on("mousemove",({latlng:a})=>this.#z(a)),t.map.on("mouseout",()=>this.#z(null)),document.getElementById("graticule").addEventListener("change",()=>this.#g()),new ResizeObserver(()=>this.#V()).observe(l)}show({globe:t,place:e}){let s=this.#a!==null;this.#a=t?this.#D(t):null,this.#u.root.hidden=this.#a===null,this.#p.show(this.#a),this.#m.place=e??null,this.#a===null?s&&this.#j():s?this.#g():this.shown()}#D(t){let e=wt(t);return e||(this.#t.inform(`There is no globe=${t}; it is a latitude, a longitude, a zoom, and the cut's west, east and floor.`),queueMicrotask(()=>this.#O(O)),O)}shown(){let[t,e]=[this.#t.shownFrame(),this.#t.legend()];if(this.#a===null||t===null||e===null)return;this.#c.shown(t),this.#B(),this.#w?.abort();let s=this.#t.engine.shellOf(t);s?this.#L(t,e,s.values):this.#U(t,e)}get reading(){if(this.#a===null||this.#h===null)return null;let t=this.#M??(document.activeElement===this.#u.canvas?{x:0,y:0}:null),e=t&&this.#T(t);if(!e)return null;if(e.surface==="core")return{value:NaN,text:"",place:"below the lowest shell"};let{lat:s,lng:o,radius:r,surface:n}=e,a=(n==="shell"?this.#C(s,o):this.#A(this.#h)?this.#o.valueAt(s,o,r):NaN)*(this.#f.factor??1),h=Number.isNaN(a)?"\u2026":dt(a,this.#f.range)+Z(this.#f.unit),f=this.#t.source.catalog.surface_radius_km-r*this.#e,c=n==="shell"?"":` \xB7 ${this.#r(Math.abs(f))} ${f<0?"high":"deep"}`;return{value:a,text:h,place:pt(s,o)+c}}get picture(){return this.#a===null?null:(this.#E({samples:It}),this.#u.canvas)}get#R(){let t=this.#h?.r;return this.#s.find(e=>e.r===t).radius_km/this.#e}get#y(){return{core:this.#s[0].radius_km/this.#e,peel:this.#R}}#T({x:t,y:e}){return this.#h&&C(this.#a,this.#y,t,e)}#C(t,e){let{grid:s}=this.#t.source.catalog;return Et({shape:[s.latitudes_deg.length,s.longitudes_deg.length],values:this.#v},s,t,e)}#S({variable:t,anomaly:e}){let{range:[s,o]}=this.#t.source.variables.find(({name:r})=>r===t);return{middle:e?0:(s+o)/2,half:(o-s)/2||1}}#A({variable:t,anomaly:e=!1}){let{of:s}=this.#o.shown??{};return s!==void 0&&s.variable===t&&!!s.anomaly===e}#L(t,e,s){this.#h=t,this.#f=e,this.#v=s,this.#F(),this.#g(),this.#t.reading()}#F(){this.#i.setPalette(this.#f.colors),this.#i.setShell(this.#n.laidOut(this.#v,this.#S(this.#h)))}async#U(t,e){this.#w=new AbortController;let{signal:s}=this.#w;try{let o=await this.#t.source.fetchShell?.(t,s);o&&!s.aborted&&this.#L(t,e,o.values)}catch(o){s.aborted||this.#t.inform(o.message)}}#B(){let[t,e]=[this.#o.coarse.length,this.#s.length];this.#u.note.hidden=this.#P||t===e,this.#u.note.textContent=`The cut shows ${t} of ${e} shells${this.#o.holdsAll?", because the server computes":""}.`}get#P(){return this.#t.engine.chosen==="browser"&&this.#o.holdsAll}#W(t){this.#t.choose({globe:null}),this.#t.inform(t.message)}#j(){this.#c.stop(),this.#w?.abort(),this.#o.clear(),this.#M=null,this.#t.reading()}#G(){this.#h&&this.#F(),this.#o.restore(),this.#g()}#O(t){this.#t.look({globe:xt(Y(t))})}#k({clientX:t,clientY:e}){let{left:s,top:o,width:r,height:n}=this.#u.canvas.getBoundingClientRect(),l=k(r,n,this.#a??O);return{x:(t-s-r/2)/l,y:(o+n/2-e)/l}}#X(t){this.#M=t;let e=t&&this.#T(t);this.#p.mark(e??null),this.#t.reading()}#H(t){let e=this.#T(t);if(!e||e.surface==="core")return;if(e.surface==="shell"){this.#t.looksBelow&&this.#t.choose({place:Mt(e)});return}let s=({radius_km:o})=>Math.abs(o/this.#e-e.radius);this.#t.choose({r:this.#s.reduce((o,r)=>s(r)<s(o)?r:o).r})}#z(t){this.#a!==null&&(this.#m.hovered=t,this.#$())}#V(){this.#I()&&(this.#E({samples:1,isSmall:this.#b}),this.#g())}#I(){let{canvas:t}=this.#u,e=window.devicePixelRatio||1,[s,o]=[Math.round(t.clientWidth*e),Math.round(t.clientHeight*e)];return!s||!o||t.width===s&&t.height===o?!1:(t.width=s,t.height=o,!0)}#g(){clearTimeout(this.#_),this.#_=setTimeout(()=>this.#N(0),ne),this.#x&&cancelAnimationFrame(this.#x),this.#x=requestAnimationFrame(t=>{this.#x=0,this.#E({samples:1,isSmall:this.#b}),setTimeout(()=>{let e=performance.now()-t;this.#b=this.#b?e>le:e>ae})})}#N(t){if(this.#a===null||this.#h===null||!this.#i.isReady||!this.#o.isWhole&&this.#P)return;let e=Math.ceil(this.#u.canvas.height/Nt);this.#E({samples:It,strip:[t*e,e]}),this.#x=t+1<Nt?requestAnimationFrame(()=>this.#N(t+1)):0,this.#x||(this.#u.canvas.dataset.drawn="fine")}#E(t){let{canvas:e}=this.#u;if(this.#a===null||this.#h===null||!e.width||!this.#i.isReady)return;let s=this.#A(this.#h)?this.#o.drawn:null,{middle:o,half:r}=this.#S(this.#h),n=l=>(this.#t.source.catalog.surface_radius_km-l)/this.#e;this.#i.draw({view:this.#a,shape:this.#y,volume:s,rings:this.#l.map(n),range:this.#f.range.map(l=>(l/(this.#f.factor??1)-o)/r),hasGraticule:document.getElementById("graticule").checked},t),e.dataset.drawn="quick",e.dataset.shown=vt(this.#h),e.dataset.detail=s===null?"shell":this.#o.shown.of.t!==this.#h.t?"earlier":s.isFine?"whole":"coarse",this.#$()}#$(){if(this.#a===null||this.#h===null)return;let{clientWidth:t,clientHeight:e}=this.#u.canvas,s=k(t,e,this.#a),o=(r,n)=>[t/2+r*s,e/2-n*s];this.#d.place(this.#a,o,this.#R),this.#m.put(this.#a,this.#y,o)}};export{$t as Globe};
//# sourceMappingURL=globe.js.map
