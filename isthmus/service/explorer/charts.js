// Draws pictures with ECharts in the colours of the page, and again when these or the width change.

import { colour, colourOf, loadDomains } from "./colours.js";
import { h, plain } from "./page.js";

const NARROW = 620;
const ROW = 54; // pixels from one node to the next

let library = null;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = h("script", { src: new URL("echarts.min.js", import.meta.url).href });
    script.addEventListener("load", () => resolve(window.echarts));
    script.addEventListener("error", () => reject(new Error("echarts.min.js")));
    document.head.append(script);
  });
  return library;
}

const drawn = new Set();

function redraw() {
  forget();
  for (const chart of drawn) chart.draw();
}

/** Forgets the pictures that were drawn and are not in the page any more. */
function forget() {
  for (const chart of drawn) {
    if (chart.instance && !chart.element.isConnected) {
      chart.instance.dispose();
      drawn.delete(chart);
    }
  }
}

let timer = 0;
addEventListener("resize", () => {
  clearTimeout(timer);
  timer = setTimeout(redraw, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

/**
 * Returns a picture.
 * @param {string} label what it shows, for those who do not see it
 * @param {function(number): object} option returns {height, option} of ECharts for a width
 */
function picture(label, option) {
  const element = h("div.chart", { role: "img", "aria-label": label });
  const chart = { element, instance: null };
  chart.draw = async () => {
    const echarts = await load();
    if (!element.isConnected || !element.clientWidth) return;
    const made = option(element.clientWidth);
    element.style.height = `${made.height}px`;
    if (!chart.instance) {
      chart.instance = echarts.init(element);
      chart.instance.on("click", ({ data }) => {
        if (data?.href) location.hash = data.href;
      });
    }
    chart.instance.resize();
    const shared = {
      animation: false,
      textStyle: { color: colour("--text"), fontFamily: "inherit" },
    };
    chart.instance.setOption({ ...shared, ...made.option }, true);
    chart.instance.getZr().setCursorStyle("default");
  };
  forget();
  drawn.add(chart);
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    chart.draw();
  }).observe(element);
  return element;
}

/**
 * The neighbourhood of a node: what leads to it on the left, what it leads to on the right, and
 * interests above.
 * @param {string} label
 * @param {string} centre name of the node
 * @param {object} sides left, right and above: lists of {name, weight, group, href}
 */
export async function neighbourhood(label, centre, { left = [], right = [], above = [] }) {
  await loadDomains();
  const drawing = picture(label, (width) => {
    const narrow = width < NARROW;
    const rows = Math.max(left.length, right.length, 1);
    const top = above.length ? 70 : 16;
    const height = top + rows * ROW + 24;
    const text = colour("--text"),
      line = colour("--line");
    const labelWidth = narrow ? width / 2 - 40 : width / 3 - 50;
    const largest = Math.max(
      ...[...left, ...right, ...above].map((each) => Math.abs(each.weight)),
      1e-9,
    );
    const size = (each) => 8 + 14 * Math.sqrt(Math.abs(each.weight) / largest);
    const data = [
      {
        id: "centre",
        name: plain(centre),
        x: width / 2,
        y: top + (rows * ROW) / 2,
        symbolSize: 30,
        itemStyle: { color: colour("--accent") },
        label: {
          show: !narrow,
          position: "bottom",
          width: 150,
          overflow: "truncate",
          color: text,
          fontSize: 13,
          fontWeight: 600,
          backgroundColor: colour("--back"),
          padding: [1, 2],
          distance: 8,
        },
      },
    ];
    const links = [];
    const place = (list, side, at) =>
      list.forEach((each, k) => {
        const [x, y] = at(k);
        const position = side === "above" ? "top" : narrow ? "bottom" : side;
        data.push({
          id: `${side}-${k}`,
          name: plain(each.name),
          x,
          y,
          symbolSize: size(each),
          href: each.href,
          symbol: side === "above" ? "roundRect" : "circle",
          itemStyle: {
            color:
              side === "above"
                ? colour("--node")
                : each.weight < 0
                  ? colour("--bad")
                  : colourOf(each.group),
          },
          label: {
            show: true,
            position,
            width: side === "above" ? width / Math.max(above.length, 1) - 12 : labelWidth,
            overflow: "truncate",
            color: text,
            backgroundColor: colour("--back"),
            padding: [1, 2],
            fontSize: narrow ? 11 : 13,
            distance: narrow ? 2 : 6,
          },
        });
        const ends = side === "left" ? [`${side}-${k}`, "centre"] : ["centre", `${side}-${k}`];
        links.push({
          source: ends[0],
          target: ends[1],
          symbol: side === "above" ? ["none", "none"] : ["none", "arrow"],
          lineStyle: {
            width: 1 + 3 * (Math.abs(each.weight) / largest),
            color: line,
            type: each.weight < 0 ? "dashed" : "solid",
          },
        });
      });
    const column = (list) => (k) => top + (rows * ROW - list.length * ROW) / 2 + (k + 0.5) * ROW;
    const inner = narrow ? 0.2 : 0.33;
    place(left, "left", (k) => [width * inner, column(left)(k)]);
    place(right, "right", (k) => [width * (1 - inner), column(right)(k)]);
    place(above, "above", (k) => [((k + 0.5) * width) / above.length, 34]);
    // Two unseen nodes hold the corners, so that a place is a pixel.
    for (const [id, x, y] of [
      ["first", 0, 0],
      ["last", width, height],
    ]) {
      data.push({
        id,
        name: "",
        x,
        y,
        symbolSize: 0,
        label: { show: false },
        tooltip: { show: false },
      });
    }
    return {
      height,
      option: {
        tooltip: {
          renderMode: "richText",
          confine: true,
          formatter: ({ dataType, name }) => (dataType === "node" ? wrap(name) : ""),
        },
        series: [
          {
            type: "graph",
            layout: "none",
            left: 0,
            right: 0,
            top: 0,
            bottom: 0,
            data,
            links,
            edgeSymbolSize: 6,
            emphasis: { focus: "adjacency" },
            lineStyle: { opacity: 0.9, curveness: 0.08 },
          },
        ],
      },
    };
  });
  const legend = [...new Set([...left, ...right].map((each) => each.group))].filter(Boolean);
  return [
    drawing,
    legend.length > 0 &&
      h(
        "ul.legend",
        {},
        legend.map((name) => {
          const dot = h("span", { "aria-hidden": "true" });
          dot.style.background = colourOf(name);
          return h("li", {}, dot, name);
        }),
      ),
  ];
}

/**
 * Flows from sources on the left to items on the right.
 * @param {string} label
 * @param {Array} flows {source, target, value}, names of nodes that differ on both sides
 * @param {Map} names name shown for each node
 */
export function flows(label, flows_, names) {
  const sources = new Set(flows_.map((each) => each.source));
  const targets = new Set(flows_.map((each) => each.target));
  return picture(label, (width) => {
    const text = colour("--text");
    const node = (id, position) => ({
      name: id,
      itemStyle: { color: position === "right" ? colour("--node") : colour("--accent") },
      label: {
        position,
        color: text,
        width: width / 2 - 30,
        overflow: "truncate",
        formatter: () => plain(names.get(id)), // a text alone would be a template
      },
    });
    return {
      height: Math.max(sources.size, targets.size) * 30 + 30,
      option: {
        tooltip: {
          renderMode: "richText",
          confine: true,
          formatter: ({ dataType, data, value }) => {
            if (dataType === "node") return wrap(names.get(data.name));
            const ends = `${names.get(data.source)} → ${names.get(data.target)}`;
            return wrap(`${ends}: ${value.toPrecision(2)}`);
          },
        },
        series: [
          {
            type: "sankey",
            left: 4,
            right: 4,
            top: 10,
            bottom: 10,
            nodeWidth: 8,
            nodeGap: 12,
            draggable: false,
            layoutIterations: 0,
            emphasis: { focus: "adjacency" },
            lineStyle: { color: colour("--node"), opacity: 0.45 },
            data: [
              ...[...sources].map((id) => node(id, "right")),
              ...[...targets].map((id) => node(id, "left")),
            ],
            links: flows_,
          },
        ],
      },
    };
  });
}

/** Bars, one for each [name, value], the first above. */
export function bars(label, pairs) {
  return picture(label, (width) => ({
    height: pairs.length * 24 + 40,
    option: {
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        renderMode: "richText",
        confine: true,
      },
      grid: { left: 8, right: 36, top: 4, bottom: 4, containLabel: true },
      xAxis: {
        type: "value",
        axisLabel: { color: colour("--quiet"), hideOverlap: true },
        splitNumber: width < NARROW ? 3 : 5,
        splitLine: { lineStyle: { color: colour("--line") } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: pairs.map(([name]) => plain(name)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour("--line") } },
        axisLabel: { color: colour("--text"), width: width / 3, overflow: "truncate", interval: 0 },
      },
      series: [
        {
          type: "bar",
          barMaxWidth: 14,
          data: pairs.map(([, value]) => ({
            value,
            itemStyle: { color: value < 0 ? colour("--bad") : colour("--accent") },
          })),
        },
      ],
    },
  }));
}

/** Breaks a long text of a tooltip, which ECharts does not. */
function wrap(text) {
  return plain(text)
    .replace(/(.{28,40})(?:\s|$)|(.{40})/gu, "$1$2\n")
    .trim();
}
