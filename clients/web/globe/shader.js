/** The program that draws the globe: one triangle, and for each pixel the first surface that its ray meets, as geometry.js says. */

export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/** Entries of the table that leads from radius, latitude and longitude to texels. */
export const TABLE = 1024;

/**
 * Colours are those of the legend, without light, on every plane and where the shell faces the eye within 60 degrees. Beyond that,
 * towards the rim, the shell darkens. What has no values, the core, is lit.
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
}`;
