// Draws the charts of the page from its data, in the colours of the page, and again when these or its width change.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const palette = ["#3b7dd8", "#d9822b", "#2f9e78", "#b1579b", "#8a7d3a", "#5d6bc2", "#c65353", "#4c9db0",
                   "#7a8f3c", "#a06a4a", "#6f7f8f", "#9a6fd0"];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function themed(chart) {
    const option = structuredClone(chart.option), text = colour("--text"), line = colour("--line");
    for (const axis of [option.xAxis, option.yAxis]) {
      if (!axis) continue;
      axis.axisLabel = {color: text, ...axis.axisLabel};
      axis.axisLine = {lineStyle: {color: line}};
      axis.splitLine = {show: axis.type === "value", lineStyle: {color: line}};
    }
    if (option.yAxis && option.yAxis.type === "category") {
      option.yAxis.axisLabel.width = Math.max(90, document.body.clientWidth / 4);
      option.yAxis.axisLabel.overflow = "truncate";
    }
    if (option.legend) option.legend.textStyle = {color: text};
    if (option.tooltip) option.tooltip = {renderMode: "richText", confine: true, ...option.tooltip};
    for (const series of option.series) {
      if (series.type === "graph") {
        series.label.color = text;
        series.lineStyle = {color: line, opacity: 0.8};
        series.itemStyle = {color: colour("--node")};
      }
      if (series.type === "sankey") {
        const width = document.body.clientWidth / 2.4;
        for (const node of series.data) node.label = {...node.label, color: text, width: width};
      }
    }
    return {color: palette, animation: false, backgroundColor: "transparent", textStyle: {color: text},
            aria: {enabled: true, label: {description: chart.title + "."}}, ...option};
  }

  const drawn = [];
  function draw() {
    for (const instance of drawn.splice(0)) instance.dispose();
    for (const chart of data) {
      const element = document.getElementById(chart.id);
      if (!element) continue;
      const instance = echarts.init(element, null, {renderer: "svg", height: chart.height});
      instance.setOption(themed(chart));
      drawn.push(instance);
    }
  }
  draw();
  dark.addEventListener("change", draw);
  let timer = 0;
  window.addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 150); });
})();
