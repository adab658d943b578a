// SPDX-License-Identifier: Apache-2.0
// How the slots share the floor: the largest tiles that fit without scrolling, of a shape one can read. On a narrow
// screen (tablet upright, phone) the page scrolls and the tiles keep a readable size. Where words do not fit on the
// tiles, the boards to look after are listed beside them.
const gap = 8;
const shape = 2.1;  // of a tile: width to height
const narrow = 880;  // of the floor; style/slots.css turns at a page of 900
const list_width = (width) => (width < 1300 ? 290 : 380);
const least = { width: 84, height: 44 };

function density_of(width, height) {
  if (height >= 138 && width >= 250) return 'large';
  if (height >= 84 && width >= 140) return 'medium';
  return 'small';
}

/** On a wide screen: everything at once. */
function fitted(count, width, height) {
  let best = null;
  for (let columns = 1; columns <= Math.max(1, count); ++columns) {
    const tile_width = (width - gap * (columns - 1)) / columns;
    if (columns > 1 && tile_width < least.width) break;
    const rows = Math.ceil(count / columns);
    const fitting = (height - gap * (rows - 1)) / rows;
    const tile_height = Math.floor(Math.max(least.height, Math.min(fitting, tile_width / 1.15, 420)));
    const ragged = rows * columns - count;
    const worth = Math.min(tile_width / shape, tile_height) * (fitting < least.height ? 0.5 : 1) * (1 - 0.02 * Math.min(ragged, 6));
    if (!best || worth > best.worth) best = { columns, width: tile_width, height: tile_height, worth };
  }
  return best;
}

function scrolled(count, width) {
  const wanted = count > 32 ? { width: 96, height: 60 } : { width: 300, height: 150 };
  const columns = Math.max(1, Math.min(count, Math.floor((width + gap) / (wanted.width + gap))));
  return { columns, width: (width - gap * (columns - 1)) / columns, height: wanted.height };
}

/** → { columns, width, height, density, list }: sizes in CSS pixels; `list`: boards are listed beside the tiles. */
export function arrange(count, width, height) {
  let found = width < narrow ? scrolled(count, width) : fitted(count, width, height);
  const list = density_of(found.width, found.height) !== 'large';
  if (list && width >= narrow) found = fitted(count, width - list_width(width) - gap, height);
  return { columns: found.columns, width: found.width, height: found.height, density: density_of(found.width, found.height), list };
}
