/** Style of the HTML report: no external font, image or script; light and dark by the reader's system. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d2126;--dim:#5d6772;--line:#dfe3e6;--card:#fff;--good:#13795b;--bad:#b3372f;--warn:#8a5a00;--accent:#2456a6;--banner:#fff1d6}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e4e8eb;--dim:#98a3ad;--line:#2c3238;--card:#1b1f24;--good:#5cc8a1;--bad:#f08a80;--warn:#e3b458;--accent:#86b1f3;--banner:#3a2d10}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:36px 0 10px}h3{font-size:15px;margin:0}
.banner{background:var(--banner);border:1px solid var(--warn);color:var(--warn);font-weight:600;padding:8px 12px;border-radius:6px;margin:0 0 20px}
.verdict{font-size:18px;margin:6px 0 20px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:10px}
.card{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow-wrap:anywhere}
.card b{display:block;font-size:12px;font-weight:600;color:var(--dim);margin-bottom:2px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:8px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:12px;color:var(--dim);font-weight:600;min-width:64px}td.discard,td.invalid{overflow-wrap:anywhere;min-width:120px}
tr:last-child td{border-bottom:0}td.n{text-align:right;white-space:nowrap}td.c{overflow-wrap:anywhere;min-width:180px}
tr.best td{background:color-mix(in srgb,var(--good) 10%,transparent)}
.keep{color:var(--good);font-weight:600}.discard,.invalid{color:var(--bad)}.retest{color:var(--warn)}.tie,.baseline{color:var(--dim)}
details{background:var(--card);border:1px solid var(--line);border-radius:6px;margin:8px 0;padding:0 12px}
summary{cursor:pointer;padding:10px 0}details>*:last-child{margin-bottom:12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 14px;margin:0 0 10px}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
pre{overflow-x:auto;background:var(--bg);border:1px solid var(--line);border-radius:6px;padding:10px;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
.add{color:var(--good)}.del{color:var(--bad)}
svg{display:block;width:100%;height:auto;background:var(--card);border:1px solid var(--line);border-radius:6px}
svg text{font:12px system-ui,sans-serif;fill:var(--fg)}svg .dim{fill:var(--dim)}svg .axis{stroke:var(--line)}svg .zero{stroke:var(--dim)}
svg .ci{stroke:var(--accent);stroke-width:2}svg .dot{fill:var(--accent)}
footer{color:var(--dim);margin-top:36px;font-size:13px}
`.trim();
