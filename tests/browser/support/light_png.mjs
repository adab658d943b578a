// SPDX-License-Identifier: Apache-2.0
// A screenshot with few colours, a quarter of its size: PNG with a palette, by median cut. Reads what Chromium writes:
// 8 bits, RGB or RGBA, not interlaced.
import { deflateSync, inflateSync } from 'node:zlib';

function chunks(png) {
  const found = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    found.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at))]);
  return found;
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** → { width, height, colours }: one 24-bit number a pixel. */
function read(png) {
  const parts = chunks(png);
  const head = parts.find(([name]) => name === 'IHDR')[1];
  const [width, height, bytes] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 6 ? 4 : 3];
  const raw = inflateSync(Buffer.concat(parts.filter(([name]) => name === 'IDAT').map(([, data]) => data)));
  const stride = width * bytes;
  const colours = new Uint32Array(width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; ++y) {
    const filter = raw[y * (stride + 1)];
    const row = new Uint8Array(raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let i = 0; i < stride; ++i) {
      const left = i < bytes ? 0 : row[i - bytes];
      const corner = i < bytes ? 0 : above[i - bytes];
      row[i] += [0, left, above[i], (left + above[i]) >> 1, paeth(left, above[i], corner)][filter];
    }
    for (let x = 0; x < width; ++x) colours[y * width + x] = (row[x * bytes] << 16) | (row[x * bytes + 1] << 8) | row[x * bytes + 2];
    above = row;
  }
  return { width, height, colours };
}

const channels = [16, 8, 0];
const part = (colour, shift) => (colour >> shift) & 255;

/** Cuts the box that is worst until there are enough. → a map of colour to index, and the palette. */
function palette_of(colours, most) {
  const count = new Map();
  for (const c of colours) count.set(c, (count.get(c) ?? 0) + 1);
  const box_of = (list) => {
    const spans = channels.map((shift) => {
      const values = list.map((c) => part(c, shift));
      return Math.max(...values) - Math.min(...values);
    });
    const span = Math.max(...spans);
    const weight = list.reduce((sum, c) => sum + count.get(c), 0);
    return { list, weight, shift: channels[spans.indexOf(span)], worth: list.length > 1 ? span * Math.sqrt(weight) : 0 };
  };
  const boxes = [box_of([...count.keys()])];
  while (boxes.length < most) {
    boxes.sort((a, b) => b.worth - a.worth);
    if (boxes[0].worth === 0) break;
    const { list, shift, weight } = boxes.shift();
    list.sort((a, b) => part(a, shift) - part(b, shift));
    let [half, at] = [0, 0];
    while (at < list.length - 1 && half + count.get(list[at]) <= weight / 2) half += count.get(list[at++]);
    at = Math.max(1, at);
    boxes.push(box_of(list.slice(0, at)), box_of(list.slice(at)));
  }
  const palette = boxes.map(({ list }) => list.reduce((best, c) => (count.get(c) > count.get(best) ? c : best)));
  const index = new Map(boxes.flatMap(({ list }, i) => list.map((c) => [c, i])));
  return { palette, index };
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(name, data) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

export function light_png(png, most = 96) {
  const { width, height, colours } = read(png);
  const { palette, index } = palette_of(colours, most);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; ++y) for (let x = 0; x < width; ++x) rows[y * (width + 1) + 1 + x] = index.get(colours[y * width + x]);
  return Buffer.concat([png.subarray(0, 8), chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flatMap((c) => channels.map((s) => part(c, s))))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })), chunk('IEND', Buffer.alloc(0))]);
}
