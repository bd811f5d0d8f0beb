// placeholder until merged
import type { Report } from './report.js'
export const htmlReport = (report: Report): string => JSON.stringify(report)
