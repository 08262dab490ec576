/** The program that draws the globe: one triangle, and for each pixel the first surface that its ray meets, as geometry.js says. */

export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/** Entries of the table that leads from radius, latitude and longitude to texels. */
export const TABLE = 1024;

/** Planes darken this near to a corner of the cut, in radii. */
const SHADE = "0.035";

/**
 * Colours are those of the legend, without light, on the planes and where the shell faces the eye within 60 degrees. Beyond that,
 * towards the rim, the shell darkens, and so do the planes in the corners of the cut. What has no values, the core, is lit.
 */
export const FRAGMENT = `#version 300 es
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
  float at = clamp(share, 0.0, 1.0) * ${TABLE - 1}.0;
  int k = int(at);
  float before = texelFetch(table, ivec2(k, int(row)), 0).r;
  float after = texelFetch(table, ivec2(min(k + 1, ${TABLE - 1}), int(row)), 0).r;
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
  found.rgb *= mix(0.72, 1.0, smoothstep(0.0, ${SHADE}, min(corner, radius - core)));
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
}`;
