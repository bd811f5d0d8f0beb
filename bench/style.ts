// The style of the report's page. Every colour is a variable, and the dark theme changes only those. Readers with any kind
// of sight can tell blue, orange and grey apart, and the lines also differ in their dashes. Narrow screens draw a table's
// row as a card, since its columns would not fit.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfb;
  --raised: #ffffff;
  --line: #e6e6e1;
  --line-strong: #cfcfc8;
  --text: #1d1e21;
  --soft: #5d6068;
  --hub: #3a50bd;
  --compare: #b5500f;
  --bare: #6f727a;
  --good: #1c7a47;
  --bad: #b3261e;
  --note: #f5f5f2;
  --body: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #17181b;
    --raised: #1c1e21;
    --line: #2a2c31;
    --line-strong: #45484f;
    --text: #e5e6e9;
    --soft: #a0a4ad;
    --hub: #9db0ff;
    --compare: #f0a061;
    --bare: #9a9da5;
    --good: #63c795;
    --bad: #ff9c94;
    --note: #1e2024;
  }
}

*, *::before, *::after { box-sizing: border-box; }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
body {
  margin: 0 auto;
  max-width: 1168px;
  padding: 56px 24px 72px;
  background: var(--ground);
  color: var(--text);
  font: 15px / 1.5 var(--body);
  overflow-wrap: anywhere;
  text-size-adjust: 100%;
}
h1 { font-size: 32px; line-height: 1.2; letter-spacing: -0.02em; font-weight: 650; }
h2 { font-size: 21px; line-height: 1.3; letter-spacing: -0.01em; font-weight: 650; }
h2 small { margin-inline-start: 6px; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--soft); }
h3 { font-size: 14px; font-weight: 600; }
b { font-weight: 600; }
code { font: 0.92em var(--mono); }
a { color: inherit; text-decoration-color: var(--line-strong); text-underline-offset: 3px; }
a:hover { text-decoration-color: currentColor; }
section { margin-top: 64px; }
.lead { margin-top: 8px; font-size: 17px; color: var(--soft); }
.about { margin-top: 4px; max-width: 72ch; color: var(--soft); }
.nothing { margin-top: 16px; color: var(--soft); }
footer { margin-top: 72px; padding-top: 28px; border-top: 1px solid var(--line); color: var(--soft); font-size: 14px; }
footer h2 { font-size: 15px; color: var(--text); letter-spacing: 0; }
footer p { margin-top: 8px; max-width: 84ch; }

dt { color: var(--soft); font-size: 13px; }
.legend { display: flex; flex-wrap: wrap; gap: 8px 32px; margin-top: 24px; }
.legend div { display: flex; gap: 10px; align-items: baseline; }
.legend dt { color: var(--text); font-size: 15px; font-weight: 600; white-space: nowrap; }
.legend dd { color: var(--soft); }
.environment { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 16px 32px; margin-top: 20px; }
.score { margin-top: 4px; color: var(--soft); }
.score strong { color: var(--text); font-weight: 600; }

table { width: 100%; margin-top: 20px; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: start; font-weight: 600; }
th, td { padding: 9px 12px; vertical-align: top; }
th:first-child, td:first-child { padding-inline-start: 0; }
th:last-child, td:last-child { padding-inline-end: 0; }
thead th { padding-block: 0 8px; font-size: 13px; font-weight: 400; color: var(--soft); vertical-align: bottom; white-space: nowrap; }
td small { display: block; font-size: 12.5px; color: var(--soft); }
.number { text-align: end; white-space: nowrap; }
.unit, .none { color: var(--soft); }
.of { font-weight: 400; }
.reached { color: var(--good); white-space: nowrap; }
.missed { color: var(--bad); font-weight: 600; white-space: nowrap; }
.open { color: var(--soft); white-space: nowrap; }
.goals tr, .figures tbody { border-top: 1px solid var(--line); }
.goals thead tr { border: 0; }
.figures th { max-width: 220px; }
.figures .rounds { width: 132px; vertical-align: middle; }
.again span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.impossible { margin-top: 24px; padding: 14px 18px; border-radius: 8px; background: var(--note); }
.impossible li { margin-top: 4px; }

.distributions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 24px; margin-top: 28px; }
figure:last-child:nth-child(odd) { grid-column: 1 / -1; }
figure { padding: 18px 20px 14px; border: 1px solid var(--line); border-radius: 10px; background: var(--raised); min-width: 0; }
.quantiles { margin-top: 14px; font-size: 13px; }
.quantiles th, .quantiles td { padding: 3px 6px; text-align: end; white-space: nowrap; }
.quantiles th:first-child { padding-inline-start: 0; text-align: start; }
.quantiles thead th { font-size: 12.5px; }
.quantiles th:last-child, .quantiles td:last-child { padding-inline-end: 0; }

svg { overflow: visible; }
.plot { display: block; width: 100%; height: 300px; padding: 20px 20px 26px 50px; }
.strip { display: block; width: 100%; padding-inline: 3px; }
.swatch { width: 22px; height: 10px; margin-inline-end: 8px; vertical-align: baseline; }
.line { fill: none; stroke: var(--who); stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line.hub { stroke-width: 2.5; }
.line.compare { stroke-dasharray: 7 3; }
.line.bare { stroke-dasharray: 2 2.5; }
.hub { --who: var(--hub); }
.compare { --who: var(--compare); }
.bare { --who: var(--bare); }
.grid { stroke: var(--line); }
.grid.power { stroke: var(--line-strong); }
.dot { fill: var(--who); stroke: var(--raised); stroke-width: 1.5; }
.end-dot { fill: var(--raised); stroke: var(--who); stroke-width: 2; }
.strip .dot { stroke: none; fill-opacity: 0.75; }
.axis { fill: var(--soft); font-size: 12px; text-anchor: middle; }
.value { fill: var(--who); font-size: 12.5px; font-weight: 600; paint-order: stroke; stroke: var(--raised); stroke-width: 4px; stroke-linejoin: round; }
.start { text-anchor: start; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }

@media (max-width: 960px) {
  .goals, .figures, .goals tbody, .figures tbody { display: block; }
  .goals thead, .figures thead { display: none; }
  .goals tr, .figures tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); gap: 8px 12px; padding: 14px 0; }
  .figures tr + tr { padding-top: 4px; }
  .goals th, .goals td, .figures th, .figures td { padding: 0; max-width: none; width: auto; text-align: start; white-space: normal; }
  .goals .what, .figures th, .figures .what { grid-column: 1 / -1; }
  .goals th { grid-area: 1 / 1 / 2 / -2; }
  .goals .outcome { grid-area: 1 / -2 / 2 / -1; justify-self: end; }
  .goals .what { margin-top: -8px; }
  .figures .again { position: absolute; }
  .figures .rounds { width: auto; align-self: center; }
  [data-label]::before { content: attr(data-label); display: block; font-size: 12.5px; color: var(--soft); }
}
@media (max-width: 560px) {
  body { padding: 32px 16px 48px; }
  h1 { font-size: 26px; }
  section { margin-top: 48px; }
  .legend { flex-direction: column; }
  .environment { grid-template-columns: 1fr; gap: 6px; }
  .environment div { display: grid; grid-template-columns: 104px 1fr; gap: 12px; align-items: baseline; }
  .distributions { margin-inline: -4px; gap: 16px; }
  figure { padding: 14px 12px 12px; }
  .plot { height: 270px; padding: 16px 14px 26px 46px; }
  .minor { display: none; }
  .quantiles { font-size: 12px; }
  .quantiles td, .quantiles th { padding-inline: 2px; }
  .quantiles thead th { font-size: 11.5px; }
  .quantiles .swatch { width: 16px; margin-inline-end: 5px; }
}
@media print {
  body { padding: 0; }
  figure, tr { break-inside: avoid; }
}
`
