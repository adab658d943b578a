// SPDX-License-Identifier: Apache-2.0
// uPlot in a part: lines or bars over time, as wide as there is room.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { language, t, time_of_day } from '../state/i18n.js';

const height = 240;
const day_s = 86400;
const day_steps = [1, 2, 7, 14, 28].map((days) => days * day_s);

function axis_times(daily, self, ticks) {
  const long = daily || ticks.length > 1 && self.scales.x.max - self.scales.x.min > 2 * day_s;
  const day = new Intl.DateTimeFormat(language.value, { month: 'numeric', day: 'numeric' });
  return ticks.map((s) => (long ? day.format(new Date(s * 1000)) : time_of_day(s * 1000)));
}

function options({ width, times, series, bars, daily = false, unit = '', range }) {
  const step = daily ? day_s : times.length > 1 ? times[1] - times[0] : 3600;
  const ink = '#33424f';
  const axis = { stroke: ink, grid: { stroke: '#d8dee4' }, ticks: { stroke: '#d8dee4' }, font: '14px system-ui, sans-serif' };
  return {
    width,
    height,
    cursor: { drag: { x: false, y: false } },
    legend: { live: false },
    // A bar needs its room to the right.
    scales: { x: { time: true, range: (u, from, to) => [from, bars ? to + step : to] }, y: range ? { range: () => range } : { range: (u, low, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [
      { ...axis, values: (u, ticks) => axis_times(daily, u, ticks), space: 70, ...(daily && { incrs: day_steps }) },
      { ...axis, values: (u, ticks) => ticks.map((v) => `${v}${unit}`), size: 56 },
    ],
    series: [
      { label: t('stats.from'), value: (u, s) => (s == null ? '–' : time_of_day(s * 1000)) },
      ...series.map((s) => ({
        label: s.label,
        stroke: s.colour,
        width: 2.5,
        dash: s.dash,
        fill: bars ? `${s.colour}cc` : undefined,
        paths: bars ? uPlot.paths.bars({ size: [0.7, 60], align: 1 }) : undefined,
        points: { show: !bars, size: 7 },
        spanGaps: true,
        value: (u, v) => (v == null ? '–' : `${Math.round(v * 10) / 10}${unit}`),
      })),
    ],
  };
}

export function Chart({ label, times, series, ...rest }) {
  const box = useRef(null);
  useEffect(() => {
    const element = box.current; // the view may have been left meanwhile, now or when its size changes
    if (!element) return undefined;
    const data = [times, ...series.map((s) => s.values)];
    const plot = new uPlot(options({ width: element.clientWidth || 400, times, series, ...rest }), data, element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [JSON.stringify([times, series]), language.value]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
