export { Chart, ChartLegend } from "./Chart";
export type { ChartProps } from "./Chart";
export { chartNames, chartTypes, isNumeric, isTemporal, normalizeSpec, suggestSpec, usedColumns } from "./spec";
export type { ChartSpec, ChartType, Column, Row, TableColumn } from "./spec";
