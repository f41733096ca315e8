import { describe, expect, it } from 'vitest';
import { citationsOf } from '../../../mcp-server/core/evidence/check-bullet.ts';
import { readArtefact } from '../../../mcp-server/core/evidence/lookup.ts';
import { resolveCitation } from '../../../mcp-server/core/evidence/resolve.ts';
import { citeLine } from '../../../mcp-server/core/report/draft-analysis.ts';

describe('citing a log line', () => {
  it.each([
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.20 GiB. GPU 0 has 0.4 GiB free',
    '[2026-03-22 15:00:00] Not enough memory. Please try to increase --mem-fraction-static.',
    "launch_server.py: error: argument --speculative-algorithm: invalid choice: 'ngram'",
    'ValueError: Free memory on device (78.5/79.1 GiB) is less than desired',
    'RuntimeError: x=1 happened at step 12, gave up',
  ])('gives a citation that the log supports: %s', (line) => {
    const cited = citeLine('e000001', line);
    expect(cited).not.toBeNull();
    const log = readArtefact('engine_log', `first line\n${line}\nlast line`, null);
    const [citation] = citationsOf(cited ?? '');
    expect(citation).toBeDefined();
    if (citation === undefined) return;
    expect(resolveCitation(citation, new Map([['e000001', log]]))).toMatchObject({ ok: true });
  });

  it('gives none for a line without words', () => {
    expect(citeLine('e000001', '=====')).toBeNull();
  });
});
