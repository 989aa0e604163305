// Charts out of `[data-chart]`: plain descriptions made by webapp/charts.py, drawn by ECharts as SVG.
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import chinese from "echarts/lib/i18n/langZH.js";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  SVGRenderer,
]);
echarts.registerLocale("ZH", chinese);

const NARROW = 600;
const STATES = ["done", "running", "planned"];
const PAPER = 660; // pixels of A4 between its margins
const language = () => document.documentElement.lang || "en";
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

// Numbers and days as webapp/presentation.py writes them -------------------------------------------------------------

function said(value, { form = "number", unit = "" } = {}) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const style = form === "share" ? { style: "percent", maximumFractionDigits: 1 } : { maximumFractionDigits: 2 };
  return `${new Intl.NumberFormat(language(), style).format(value)} ${unit}`.trim();
}

// On an axis: without the unit, thousands and millions shortened.
function brief(form) {
  const style = form === "share" ? { style: "percent" } : { notation: "compact", maximumFractionDigits: 1 };
  return (value) => new Intl.NumberFormat(language(), style).format(value);
}

const day = (value) => new Intl.DateTimeFormat(language(), { dateStyle: "medium" }).format(value);
const moment = (text) => new Date(`${text}T00:00`).getTime();
const nextMorning = (text) => {
  const date = new Date(`${text}T00:00`);
  date.setDate(date.getDate() + 1);
  return date.getTime();
};

// The look of the page ------------------------------------------------------------------------------------------------

// Two lightnesses of each colour: with at least 3:1 against the ground in both themes.
const LIGHT = { text: "#1f2937", soft: "#566070", line: "#dbe1e8", ground: "#ffffff", planned: "#1971c2", actual: "#2b8a3e", bad: "#c92a2a", limit: "#b35c00", calm: "#8b98ab", heat: ["#e7f5ff", "#1864ab"], more: ["#862e9c", "#0b7285", "#a61e4d", "#5c940d"] };
const DARK = { text: "#e2e8f0", soft: "#aab6c6", line: "#3a4657", ground: "#182433", planned: "#74c0fc", actual: "#69db7c", bad: "#ff8787", limit: "#ffc078", calm: "#8b98ab", heat: ["#1b2b40", "#a5d8ff"], more: ["#e599f7", "#66d9e8", "#faa2c1", "#c0eb75"] };
const palette = () => (document.documentElement.dataset.bsTheme === "dark" ? DARK : LIGHT);

// Tooltips are drawn, not written: markup with styles is refused by the policy.
const tip = (paint, formatter, more = {}) => ({
  renderMode: "richText",
  confine: true,
  backgroundColor: paint.ground,
  borderColor: paint.line,
  textStyle: { color: paint.text, fontSize: 12 },
  formatter,
  ...more,
});
const legend = (paint, more = {}) => ({ type: "plain", top: 0, left: 0, textStyle: { color: paint.text }, itemHeight: 10, ...more });
const values = (paint, form, more = {}) => ({
  type: "value",
  axisLabel: { color: paint.soft, formatter: brief(form), hideOverlap: true },
  splitLine: { lineStyle: { color: paint.line } },
  nameTextStyle: { color: paint.soft },
  ...more,
});
const time = (paint, more = {}) => ({
  type: "time",
  axisLabel: { color: paint.soft, hideOverlap: true },
  axisLine: { lineStyle: { color: paint.line } },
  axisTick: { lineStyle: { color: paint.line } },
  splitLine: { show: false },
  ...more,
});
const names = (list, paint, width, more = {}) => ({
  type: "category",
  data: list,
  inverse: true,
  axisTick: { show: false },
  axisLine: { lineStyle: { color: paint.line } },
  axisLabel: { color: paint.text, width, overflow: "break", lineHeight: 14, interval: 0 },
  ...more,
});
const nameWidth = (box) => (box.clientWidth < NARROW ? 105 : 190);
const grid = (more = {}) => ({ left: 8, right: 24, top: 36, bottom: 8, containLabel: true, ...more });
const rule = (at, label, paint, more = {}) => ({ ...at, label: { formatter: label, color: paint.text, ...more.label }, lineStyle: { color: paint.soft, type: "dotted", width: 1.5, ...more.line } });
const rules = (data) => ({ symbol: "none", silent: true, animation: false, data });

// The kinds -----------------------------------------------------------------------------------------------------------

function lines(chart, paint) {
  const colours = [paint.planned, paint.actual, ...paint.more];
  const marks = chart.markers.map((each, n) =>
    rule({ xAxis: moment(each.day) }, each.name, paint, { label: { position: n % 2 ? "insideEndBottom" : "insideEndTop" } }),
  );
  if (chart.target !== null) marks.push(rule({ yAxis: chart.target }, chart.target_name, paint, { line: { color: paint.limit, type: "dashed" }, label: { position: "insideStartTop" } }));
  marks.push(rule({ yAxis: 0 }, "", paint, { line: { type: "solid", width: 1 } }));
  const drawn = chart.lines.map((line, n) => ({
    name: line.name,
    type: "line",
    data: line.points.map(([when, value]) => [moment(when), value]),
    showSymbol: line.points.length < 3,
    connectNulls: false,
    lineStyle: { type: line.look === "dashed" ? "dashed" : "solid", width: line.look === "dashed" ? 2 : 3 },
    itemStyle: { color: colours[n % colours.length] },
    markLine: n === 0 ? rules(marks) : undefined,
  }));
  const bands = chart.bands.flatMap((band, n) => {
    const common = { name: band.name, type: "line", stack: `band-${n}`, stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, silent: true };
    const colour = colours[n % colours.length];
    return [
      { ...common, data: band.points.map(([when, low]) => [moment(when), low]), itemStyle: { color: colour } },
      { ...common, data: band.points.map(([when, low, high]) => [moment(when), high - low]), areaStyle: { color: colour, opacity: 0.18 }, itemStyle: { color: colour } },
    ];
  });
  const known = chart.lines.map((line) => line.name);
  return {
    legend: legend(paint, { data: [...known, ...chart.bands.map((band) => ({ name: band.name, icon: "rect" }))] }),
    grid: grid({ top: 44 }),
    tooltip: tip(
      paint,
      (points) => [day(points[0].value[0]), ...points.filter((each) => known.includes(each.seriesName)).map((each) => `${each.seriesName}: ${said(each.value[1], chart)}`)].join("\n"),
      { trigger: "axis" },
    ),
    xAxis: time(paint),
    yAxis: values(paint, chart.form, { name: chart.unit, scale: true }),
    series: [...drawn, ...bands],
  };
}

function bars(chart, paint, box) {
  const colours = [paint.planned, paint.actual, ...paint.more];
  return {
    height: 60 + chart.names.length * Math.max(40, chart.series.length * 20 + 14),
    legend: legend(paint),
    grid: grid({ right: 56, top: 32 }),
    tooltip: tip(paint, (points) => [points[0].name, ...points.map((each) => `${each.seriesName}: ${said(each.value, chart)}`)].join("\n"), { trigger: "axis", axisPointer: { type: "shadow" } }),
    xAxis: values(paint, chart.form),
    yAxis: names(chart.names, paint, nameWidth(box)),
    series: chart.series.map(([name, data], n) => ({
      name,
      type: "bar",
      data,
      barMaxWidth: 14,
      itemStyle: { color: colours[n % colours.length], borderRadius: 2, opacity: n === 0 ? 0.75 : 1 },
      label: { show: true, position: "right", color: paint.text, formatter: ({ value }) => said(value, chart) },
    })),
  };
}

function tornado(chart, paint, box) {
  const { words, base } = chart;
  const half = (name, end, color) => ({ name, type: "bar", stack: "swing", barMaxWidth: 18, itemStyle: { color }, data: chart.swings.map((each) => each[end] - base) });
  return {
    height: 70 + chart.swings.length * 36,
    legend: legend(paint),
    grid: grid({ top: 32 }),
    tooltip: tip(paint, (points) => [points[0].name, ...points.map((each) => `${each.seriesName}: ${said(each.value + base, chart)}`)].join("\n"), { trigger: "axis", axisPointer: { type: "shadow" } }),
    xAxis: values(paint, chart.form, { axisLabel: { color: paint.soft, hideOverlap: true, formatter: (value) => said(value + base, { form: chart.form }) } }),
    yAxis: names(chart.swings.map((each) => each.name), paint, nameWidth(box)),
    series: [half(words.low, "low", paint.limit), half(words.high, "high", paint.actual)],
  };
}

// Every row has a scale of its own from 0 to 1, turned where less is better.
function strip(chart, paint, box) {
  const scales = chart.places.map((each) => {
    const known = [each.own, each.lower, each.median, each.upper].filter((value) => value !== null);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const place = (value) => (most === least ? 0.5 : 0.1 + (0.8 * (value - least)) / (most - least));
    return (value) => (value === null ? null : each.better === "lower" ? 1 - place(value) : place(value));
  });
  const rows = chart.places.map((each, row) => Object.fromEntries(["own", "lower", "median", "upper"].map((name) => [name, scales[row](each[name])])));
  const box_ = {
    name: chart.words.quartiles,
    type: "custom",
    itemStyle: { color: paint.calm },
    data: rows.flatMap((each, row) => (each.lower === null || each.upper === null ? [] : [[Math.min(each.lower, each.upper), row, Math.max(each.lower, each.upper)]])),
    encode: { x: [0, 2], y: 1 },
    renderItem(_params, api) {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [end] = api.coord([api.value(2), api.value(1)]);
      return { type: "rect", shape: { x, y: y - 8, width: Math.max(2, end - x), height: 16, r: 3 }, style: { fill: paint.calm, opacity: 0.45 } };
    },
  };
  const marks = (name, key, symbol, size, color) => ({
    name,
    type: "scatter",
    symbol,
    symbolSize: size,
    itemStyle: { color, borderColor: paint.ground, borderWidth: symbol === "rect" ? 0 : 1.5 },
    data: rows.flatMap((each, row) => (each[key] === null ? [] : [[each[key], row]])),
  });
  const tell = (row) => {
    const [each, texts] = [chart.places[row], chart.texts[row]];
    const parts = [each.name, `${chart.words.own}: ${texts.own}`, `${chart.words.midline}: ${texts.median}`];
    if (each.lower !== null) parts.push(`${chart.words.quartiles}: ${texts.lower} … ${texts.upper}`);
    if (each.note) parts.push(each.note);
    return parts.join("\n");
  };
  return {
    height: 70 + rows.length * 38,
    legend: legend(paint),
    grid: grid({ top: 32, right: 16, bottom: 22 }),
    tooltip: tip(paint, ([each]) => (each ? tell(each.value[1]) : ""), { trigger: "axis", axisPointer: { type: "shadow", axis: "y" } }),
    xAxis: values(paint, "number", { min: 0, max: 1, axisLabel: { show: false }, splitLine: { show: false }, name: `${chart.words.better} →`, nameLocation: "end", nameGap: 0, nameTextStyle: { color: paint.soft, align: "right", verticalAlign: "top", padding: [6, 0, 0, 0] } }),
    yAxis: names(chart.places.map((each) => each.name), paint, nameWidth(box), { splitLine: { show: true, lineStyle: { color: paint.line } } }),
    series: [box_, marks(chart.words.midline, "median", "rect", [3, 22], paint.text), marks(chart.words.own, "own", "circle", 13, paint.planned)],
  };
}

function ranges(chart, paint, box) {
  const whisker = {
    name: "P10–P90",
    type: "custom",
    itemStyle: { color: paint.calm },
    data: chart.ranges.flatMap((each, row) => (each.low === null || each.high === null ? [] : [[each.low, row, each.high]])),
    encode: { x: [0, 2], y: 1 },
    renderItem(_params, api) {
      const [from, y] = api.coord([api.value(0), api.value(1)]);
      const [to] = api.coord([api.value(2), api.value(1)]);
      const style = { stroke: paint.calm, lineWidth: 2 };
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
      return { type: "group", children: [line(from, y, to, y), line(from, y - 5, from, y + 5), line(to, y - 5, to, y + 5)] };
    },
  };
  const dots = {
    name: "P50",
    type: "scatter",
    itemStyle: { color: paint.planned },
    data: chart.ranges.flatMap((each, row) =>
      each.middle === null ? [] : [{ value: [each.middle, row], symbol: each.is_chosen ? "diamond" : "circle", symbolSize: each.is_chosen ? 16 : 10, itemStyle: { color: each.is_chosen ? paint.actual : paint.planned } }],
    ),
    markLine: rules([rule({ xAxis: 0 }, "", paint, { line: { color: paint.bad, type: "dashed" } })]),
  };
  const tell = (each) => `${each.name}\nP50: ${said(each.middle, chart)}\nP10 … P90: ${said(each.low, chart)} … ${said(each.high, chart)}`;
  return {
    height: 70 + chart.ranges.length * 32,
    legend: legend(paint),
    grid: grid({ top: 32 }),
    tooltip: tip(paint, ([each]) => (each ? tell(chart.ranges[each.value[1]]) : ""), { trigger: "axis", axisPointer: { type: "shadow", axis: "y" } }),
    xAxis: values(paint, chart.form, { scale: true }),
    yAxis: names(chart.ranges.map((each) => each.name), paint, nameWidth(box)),
    series: [whisker, dots],
  };
}

function heat(chart, paint, box) {
  const cells = chart.values.flatMap((row, y) => row.flatMap((value, x) => (value === null ? [] : [[x, y, value]])));
  const known = cells.map((cell) => cell[2]);
  const isWide = box.clientWidth >= NARROW;
  const [least, most] = [Math.min(0, ...known), Math.max(...known)];
  const onDark = (value) => ((value - least) / (most - least || 1) > 0.5) === (paint === LIGHT);
  const labelled = cells.map((cell) => ({ value: cell, label: { color: onDark(cell[2]) ? "#ffffff" : "#10202f" } }));
  return {
    height: 90 + chart.names.length * 34,
    grid: grid({ top: 8, bottom: 44 }),
    tooltip: tip(paint, ({ value: [x, y, value] }) => `${chart.names[y]}, ${chart.columns[x]}: ${said(value, chart)}`),
    xAxis: { type: "category", data: chart.columns, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: paint.text, interval: 0, rotate: isWide ? 0 : 60, width: 90, overflow: isWide ? "break" : "truncate" } },
    yAxis: names(chart.names, paint, nameWidth(box), { axisLine: { show: false } }),
    visualMap: { type: "continuous", min: least, max: most, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 12, textStyle: { color: paint.soft }, formatter: brief(chart.form), inRange: { color: paint.heat } },
    series: [{ type: "heatmap", data: labelled, label: { show: isWide, formatter: ({ value }) => said(value[2], { form: chart.form }) }, itemStyle: { borderColor: paint.ground, borderWidth: 2 } }],
  };
}

// Bars above, what they use of the means below, on one axis of time.
function gantt(chart, paint, box) {
  const { words, states } = chart;
  const isNarrow = box.clientWidth < NARROW;
  const [left, right] = [isNarrow ? 118 : 210, isNarrow ? 12 : 24];
  const row = Object.fromEntries(chart.bars.map((bar, n) => [bar.key, n]));
  const [top, barsTall, loadTall, gap] = [isNarrow ? 84 : 58, chart.bars.length * 30 + 10, 70, 44];
  const loadTop = (n) => top + barsTall + gap + n * (loadTall + gap);
  const grids = [{ left, right, top, height: barsTall }, ...chart.loads.map((_each, n) => ({ left, right, top: loadTop(n), height: loadTall }))];
  const starts = [...chart.bars.map((bar) => moment(bar.start)), ...chart.loads.flatMap((load) => load.values.map(([start]) => moment(start)))];
  const ends = [...chart.bars.map((bar) => moment(bar.finish)), ...chart.loads.flatMap((load) => load.values.map(([, finish]) => nextMorning(finish)))];
  const span = { min: Math.min(...starts), max: Math.max(...ends) };
  const looks = {
    done: { fill: paint.actual },
    running: { fill: paint.planned },
    planned: { fill: paint.planned, fillOpacity: 0.25, stroke: paint.planned, lineWidth: 1.5 },
  };
  const clip = (shape, area) => echarts.graphic.clipRectByRect(shape, { x: area.x, y: area.y, width: area.width, height: area.height });
  const today = chart.today ? rules([rule({ xAxis: moment(chart.today) }, words.today, paint, { label: { position: "end", distance: 4 }, line: { color: paint.bad, type: "solid" } })]) : undefined;

  const ofState = (state, first) => ({
    name: states[state],
    type: "custom",
    clip: true,
    itemStyle: { color: looks[state].fill, opacity: looks[state].fillOpacity ?? 1, borderColor: looks[state].stroke, borderWidth: looks[state].lineWidth ?? 0 },
    data: chart.bars.flatMap((bar, n) => (bar.state === state ? [[moment(bar.start), n, moment(bar.finish)]] : [])),
    encode: { x: [0, 2], y: 1 },
    renderItem(params, api) {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [end] = api.coord([api.value(2), api.value(1)]);
      const shape = clip({ x, y: y - 9, width: Math.max(4, end - x), height: 18 }, params.coordSys);
      return shape && { type: "rect", shape: { ...shape, r: 3 }, style: looks[state] };
    },
    markLine: first ? today : undefined,
  });
  const arrows = {
    type: "custom",
    clip: true,
    silent: true,
    tooltip: { show: false },
    data: chart.bars.flatMap((bar, n) => bar.after.filter((key) => key in row).map((key) => [moment(chart.bars[row[key]].finish), row[key], moment(bar.start), n])),
    encode: { x: [0, 2], y: [1, 3] },
    renderItem(_params, api) {
      const [x1, y1] = api.coord([api.value(0), api.value(1)]);
      const [x2, y2] = api.coord([api.value(2), api.value(3)]);
      const middle = y2 > y1 ? y1 + 15 : y1 - 15;
      const points = [[x1, y1], [x1 + 5, y1], [x1 + 5, middle], [x2 - 8, middle], [x2 - 8, y2], [x2 - 1, y2]];
      const head = [[x2 - 1, y2], [x2 - 6, y2 - 3.5], [x2 - 6, y2 + 3.5]];
      return { type: "group", children: [{ type: "polyline", shape: { points }, style: { stroke: paint.soft, lineWidth: 1.2, fill: "none" } }, { type: "polygon", shape: { points: head }, style: { fill: paint.soft } }] };
    },
  };
  const used = (load, n) => ({
    name: load.name,
    type: "custom",
    clip: true,
    xAxisIndex: n + 1,
    yAxisIndex: n + 1,
    data: load.values.map(([start, finish, value, available]) => ({ value: [moment(start), value, nextMorning(finish), available], load: n })),
    encode: { x: [0, 2], y: 1 },
    renderItem(params, api) {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [end, bottom] = api.coord([api.value(2), 0]);
      const shape = clip({ x: x + 1, y, width: Math.max(1, end - x - 2), height: bottom - y }, params.coordSys);
      const isOver = !Number.isNaN(api.value(3)) && api.value(3) !== null && api.value(1) > api.value(3);
      return shape && { type: "rect", shape, style: { fill: isOver ? paint.bad : paint.calm } };
    },
  });
  const limit = (load, n) => ({
    name: words.available,
    type: "line",
    xAxisIndex: n + 1,
    yAxisIndex: n + 1,
    showSymbol: false,
    silent: true,
    itemStyle: { color: paint.limit },
    lineStyle: { type: "dashed", width: 2 },
    data: load.values.flatMap(([start, finish, , available]) => [[moment(start), available], [nextMorning(finish), available]]),
  });
  const tellBar = (bar) => [bar.name, `${states[bar.state]}: ${day(moment(bar.start))} – ${day(moment(bar.finish))}`, ...bar.facts.map(([label, text]) => `${label}: ${text}`)].join("\n");
  const tellLoad = (load, n) => {
    const [start, finish, value, available] = load.values[n];
    const text = [load.name, `${day(moment(start))} – ${day(moment(finish))}`, `${words.used}: ${said(value, load)}`];
    if (available !== null) text.push(`${words.available}: ${said(available, load)}`);
    if (available !== null && value > available) text.push(words.over);
    return text.join("\n");
  };
  const highest = (load) => Math.max(1, ...load.values.flatMap(([, , value, available]) => [value ?? 0, available ?? 0]));
  const axes = grids.map((_grid, n) => n);
  return {
    height: (chart.loads.length ? loadTop(chart.loads.length) : top + barsTall + gap) + 24,
    legend: legend(paint, { data: [...STATES.map((state) => states[state]), ...(chart.loads.length ? [words.available] : [])] }),
    grid: grids,
    tooltip: tip(paint, (each) => {
      if (each.data?.load !== undefined) return tellLoad(chart.loads[each.data.load], each.dataIndex);
      return Array.isArray(each.value) && chart.bars[each.value[1]] ? tellBar(chart.bars[each.value[1]]) : "";
    }),
    dataZoom: [
      { type: "inside", xAxisIndex: axes, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
      { type: "slider", xAxisIndex: axes, filterMode: "none", bottom: 4, left, right, height: 18, borderColor: paint.line, textStyle: { color: paint.soft }, fillerColor: "rgba(116, 140, 170, 0.25)", backgroundColor: "transparent", showDataShadow: false, labelFormatter: (value) => day(value), showDetail: !isNarrow },
    ],
    xAxis: axes.map((n) => time(paint, { gridIndex: n, ...span, position: n === 0 ? "top" : "bottom", axisLabel: { show: n === 0, color: paint.soft, hideOverlap: true }, splitLine: { show: true, lineStyle: { color: paint.line } } })),
    yAxis: [
      names(chart.bars.map((bar) => bar.name), paint, left - 16, { gridIndex: 0, axisLabel: { color: paint.text, width: left - 16, overflow: "truncate", interval: 0 } }),
      ...chart.loads.map((load, n) => values(paint, load.form, { gridIndex: n + 1, min: 0, max: highest(load), splitNumber: 2, name: load.unit ? `${load.name} (${load.unit})` : load.name, nameLocation: "end", nameGap: 8, nameTextStyle: { color: paint.text, align: "left", padding: [0, 0, 0, 4 - left + 12] }, axisLabel: { color: paint.soft, formatter: brief(load.form), showMaxLabel: true } })),
    ],
    series: [...STATES.map((state, n) => ofState(state, n === 0)), arrows, ...chart.loads.flatMap((load, n) => [used(load, n), limit(load, n)])],
  };
}

const KINDS = { lines, bars, tornado, strip, ranges, heat, gantt };

function draw(chart, box, description) {
  const { height = 340, ...option } = KINDS[description.kind](description, palette(), box);
  box.style.height = `${height}px`;
  chart.resize({ width: box.clientWidth, height });
  chart.setOption({ ...option, animation: !still.matches && !box.dataset.isDrawn, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily } }, { notMerge: true });
  box.dataset.isDrawn = "yes";
}

export function showChart(box) {
  box.dataset.ready = "yes";
  const description = JSON.parse(box.dataset.chart);
  try {
    const chart = echarts.init(box, null, { renderer: "svg", locale: language().startsWith("zh") ? "ZH" : "EN", width: box.clientWidth, height: 340 });
    const again = () => draw(chart, box, description);
    again();
    follow(box, again);
  } catch (error) {
    box.textContent = description.words.failed;
    box.closest("figure")?.querySelector("details")?.setAttribute("open", "");
    throw error;
  }
}

// Draws again when the page's look or width changes, and once narrower and light for paper.
function follow(box, again) {
  let width = box.clientWidth;
  new ResizeObserver(() => {
    if (!box.clientWidth || box.clientWidth === width) return;
    width = box.clientWidth;
    again();
  }).observe(box);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  window.addEventListener("beforeprint", () => {
    box.style.width = `${PAPER}px`;
    again();
  });
  window.addEventListener("afterprint", () => {
    box.style.width = "";
    again();
  });
}
