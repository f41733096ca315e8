import { describe, expect, it } from 'vitest';
import { renderBrief } from '../../../mcp-server/core/report/brief.ts';
import { reportData } from '../../../mcp-server/core/report/report-data.ts';
import { renderReportHtml } from '../../../mcp-server/core/report/report-html.ts';
import { renderReportMarkdown } from '../../../mcp-server/core/report/report-markdown.ts';
import { renderLogHead } from '../../../mcp-server/core/report/session-log.ts';
import { renderTrialTable } from '../../../mcp-server/core/report/table.ts';
import {
  BASELINE_DONE,
  diagnosed,
  intended,
  measured,
  planned,
  ready,
  START_MS,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';

const FLOOR = [
  { metric: 'tbotMs.mean', measured: 10, floor: 8, ratio: 1.25 },
  { metric: 'outputTokensPerS', measured: 1000, floor: 1600, ratio: 1.6 },
];
/** A baseline with a bound, and a trial on hardware that has none. */
const state = stateOf([
  ...BASELINE_DONE,
  diagnosed('x0002', 't0000', { floor: FLOOR, measurementId: 'm0000-03' }),
  planned('t0001'),
  intended('d0001-1'),
  started('d0001-1'),
  ready('d0001-1'),
  measured('m0001-01', 'd0001-1'),
  diagnosed('x0003', 't0001', { measurementId: 'm0001-01' }),
]);
const LEGEND =
  /limit: share of the physical limit of output throughput that the run\s+diagnosed last reached; — where\s+GPU or model gives no bound/i;
const lineOf = (text: string, start: string): string =>
  text.split('\n').find((line) => line.startsWith(start)) ?? '';

describe('the share of the physical limit', () => {
  it('stands in each trial line of the brief, with a dash where no bound is known', () => {
    const brief = renderBrief(state, START_MS);
    expect(lineOf(brief, 't0000 ')).toContain(', 63 % of limit');
    expect(lineOf(brief, 't0001 ')).toContain(', — of limit');
  });

  it('is a column of the table in the terminal, which stays within 72 columns', () => {
    const table = renderTrialTable(state, { columns: 72 });
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72);
    expect(lineOf(table, 'trial ')).toMatch(/tok\/s +limit +\$\/Mtok/);
    expect(lineOf(table, 't0000')).toMatch(/ 1000 +63 % /);
    expect(lineOf(table, 't0001')).toMatch(/ 1000 +— /);
    expect(table).toMatch(LEGEND);
  });

  it('is a column of the Markdown and the HTML report', () => {
    const data = reportData(state, START_MS);
    const markdown = renderReportMarkdown(data);
    expect(lineOf(markdown, '| trial')).toContain('| output tok/s | of limit | USD/M tok |');
    expect(lineOf(markdown, '| t0000')).toContain('| 1000 | 63 % |');
    expect(lineOf(markdown, '| t0001')).toContain('| 1000 | — |');
    expect(markdown).toMatch(LEGEND);
    const html = renderReportHtml(data);
    expect(html).toContain('<td class="n">1000</td><td class="n">63 %</td>');
    expect(html).toMatch(LEGEND);
  });

  it('stands beside each latency of the session log, at the load point of the diagnosed run', () => {
    const head = (index: number): string => {
      const trial = state.trials[index];
      if (trial === undefined) throw new Error('no trial');
      return renderLogHead({ state, trial, stamp: 's', engine: new Map() }).join('\n');
    };
    expect(lineOf(head(0), '| TTFT')).toMatch(/\| — \|$/);
    expect(lineOf(head(0), '| TBOT')).toMatch(/\| 80 % \|$/);
    expect(lineOf(head(0), 'Errors')).toMatch(/output 1000 tok\/s \(63 % of limit\)$/);
    expect(lineOf(head(0), 'Of limit: ')).toContain('— where no bound is known');
    expect(lineOf(head(1), '| TBOT')).toMatch(/\| — \|$/);
  });
});
