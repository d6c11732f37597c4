export {
  plot, legend, frame,
  line, lineX, lineY, areaX, areaY, dot,
  ruleX, ruleY, tickX, tickY, link, vector,
  rect, rectX, rectY, barX, barY, cell,
  text, textX, textY,
  tip, pointer, pointerX, pointerY,
  axisX, axisY, gridX, gridY,
  stackX, stackY,
} from "@observablehq/plot";
