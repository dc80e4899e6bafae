export { Chart, ChartLegend } from "./Chart";
export type { ChartProps } from "./Chart";
export { draw } from "./draw";
export { stateName } from "./layout/map";
export { chartNames, chartTypes, isNumeric, isTemporal, normalizeSpec, suggestSpec, usedColumns } from "./spec";
export type { ChartSpec, ChartType, Column, Row, TableColumn } from "./spec";
