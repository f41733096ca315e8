import { runLoad } from '../../mcp-server/adapters/load/run-load.ts';
import { summarise } from '../../mcp-server/core/metrics/summarise.ts';
import { referenceOf } from '../../mcp-server/core/plausibility/find-implausible.ts';
import type {
  PlausibilityInput,
  Reference,
  ServiceFacts,
} from '../../mcp-server/core/plausibility/input.ts';
import { trapPlaces } from '../../mcp-server/core/plausibility/traps.ts';
import { WorkloadSpec } from '../../mcp-server/core/workload/workload.ts';
import { loadRequest, runOptions } from '../adapters/load/support.ts';
import { type Cheat, type CheatingServer, HONEST, startCheatingServer } from './cheating-server.ts';

export interface Case {
  /** False: answers end where the model ends them. */
  readonly exactOutput?: boolean;
  readonly requests?: number;
  readonly finding: string;
}

/** What catches each cheat, by name. */
export const CASES: Readonly<Record<Exclude<Cheat, 'honest' | 'fast_on_known_prompts'>, Case>> = {
  blank_first_chunk: { finding: 'blank_first_chunk' },
  early_first_chunk: { finding: 'early_first_chunk' },
  cached_answers: { finding: 'answers_cached' },
  near_cached_answers: { finding: 'near_answers_cached' },
  hidden_prefix_cache: { finding: 'prefix_cache_hidden' },
  fewer_tokens: { finding: 'tokens_without_text' },
  inflated_usage: { finding: 'more_tokens_than_asked', exactOutput: false },
  split_events: { finding: 'more_events_than_tokens' },
  early_stop: { finding: 'length_ignored' },
  shortened_answers: { finding: 'answers_shortened', exactOutput: false },
  never_stops: { finding: 'finish_mix_changed', exactOutput: false },
  other_model_named: { finding: 'other_model_answers' },
  other_model_served: { finding: 'other_model_served' },
  silent_other_model: { finding: 'fingerprint_changed' },
  shrunk_prompt: { finding: 'prompt_shrunk' },
  overcounted_prompt: { finding: 'prompt_overcounted' },
  silently_truncated_prompt: { finding: 'ttft_below_physics' },
  flat_first_token: { finding: 'ttft_flat' },
  buffering_proxy: { finding: 'buffered_path' },
  sleeping_proxy: { finding: 'bursts_after_sleep' },
  whole_answer_at_once: { finding: 'one_piece' },
  rejects_under_load: { finding: 'rejects_requests' },
  rate_limits: { finding: 'rejects_requests' },
  turns_long_prompts_away: { finding: 'turns_long_prompts_away' },
  lets_requests_wait: { finding: 'lets_requests_wait' },
  drops_connections: { finding: 'drops_connections' },
  error_in_stream: { finding: 'breaks_streams' },
  hides_usage: { finding: 'breaks_streams' },
  blank_answers: { finding: 'blank_answers' },
  garbled_1_percent: { finding: 'garbled_words', requests: 160 },
  garbled_5_percent: { finding: 'garbled_words' },
  repetition: { finding: 'repetition' },
  special_tokens: { finding: 'special_tokens' },
  broken_characters: { finding: 'replacement_characters' },
  duplicate_usage: { finding: 'duplicate_usage' },
  answers_beside_the_engine: { finding: 'engine_output_disagrees' },
  counts_other_prompts: { finding: 'engine_prompt_disagrees' },
  invented_answers: { finding: 'tbot_below_physics' },
  claims_cached: { finding: 'unique_prompts_cached' },
  canned_answer: { finding: 'one_answer_for_all' },
  context_shrunk: { finding: 'context_shrunk' },
};

const REQUESTS = 40;
const FIXED_PROMPTS = ['a ferry', 'some bread', 'one map', 'no snow', 'the mill'];

async function askService(server: CheatingServer): Promise<ServiceFacts> {
  const models = await (await fetch(`${server.url}/v1/models`)).json();
  const listed = (models as { data: { id: string; max_model_len: number }[] }).data[0];
  const fingerprint = await Promise.all(
    FIXED_PROMPTS.map(async (content) => {
      const body = JSON.stringify({ model: 'fake', messages: [{ role: 'user', content }] });
      const asked = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
      const told = (await asked.json()) as { choices: { message: { content: string } }[] };
      return told.choices[0]?.message.content ?? '';
    }),
  );
  return {
    modelId: listed?.id ?? null,
    maxModelLen: listed?.max_model_len ?? null,
    fingerprint,
  };
}

/** A run as the checks see it, and what the service said of itself. */
export interface Ran {
  readonly input: PlausibilityInput;
  readonly service: ServiceFacts;
}

/** One run against a server, with traps, floors and the engine's counters. */
export async function measure(
  server: CheatingServer,
  how: Partial<Case> & { readonly seed?: number; readonly reference: Reference | null },
): Promise<Ran> {
  const { requests = REQUESTS, exactOutput = true, seed = 1, reference } = how;
  const service = await askService(server);
  const before = server.counters();
  const loadPoint = { kind: 'closed', concurrency: 8, requests } as const;
  const workload = WorkloadSpec.parse({
    id: 'trapped',
    exactOutput,
    components: [{ inputTokens: { min: 40, max: 400 }, outputTokens: 24 }],
  });
  const load = loadRequest(server.url, { workload, loadPoint, seed, stallMs: 400, traps: true });
  const calibration = { tokensPerWord: 1, overheadTokens: 12 };
  const run = await runLoad(load, runOptions({ calibration }));
  const summary = summarise(run.records, { loadPoint, slo: [] });
  const after = server.counters();
  return {
    service,
    input: {
      records: run.records,
      summary,
      exactOutput,
      rttMs: 0,
      eventsPerRead: run.client.eventsPerRead,
      clientLagMs: run.client.loopLagP99Ms,
      wallMs: run.windowEndMs - run.windowStartMs,
      engine: {
        promptTokens: after.promptTokens - before.promptTokens,
        generationTokens: after.generationTokens - before.generationTokens,
        ttftMeanMs: after.ttftMeanMs,
      },
      floors: {
        prefillMsPerToken: HONEST.prefillMsPerToken,
        decodeMs: HONEST.decodeMs * 0.9,
        outputTokensPerS: 8 * (1000 / HONEST.decodeMs),
      },
      traps: trapPlaces(requests, seed),
      service,
      reference,
      holdOut: null,
    },
  };
}

/** Lag of our own client above which the checks of gaps keep silent: ms. Source: four lags must fit into its 20 ms. */
const QUIET_LAG_MS = 4;
const TRIES = 4;

/**
 * One run against a cheat, made anew while this machine was too busy to see gaps of some ms: that is decided by the
 * client's lag alone, never by what was found.
 */
export async function measureCheat(cheat: Cheat, how: Parameters<typeof measure>[1]): Promise<Ran> {
  for (let tried = 1; ; tried += 1) {
    const ran = await measureOnce(cheat, how);
    const isQuiet = (ran.input.clientLagMs ?? 0) <= QUIET_LAG_MS;
    if (isQuiet || tried === TRIES) return ran;
  }
}

async function measureOnce(cheat: Cheat, how: Parameters<typeof measure>[1]): Promise<Ran> {
  const server = await startCheatingServer(cheat);
  try {
    return await measure(server, how);
  } finally {
    await server.close();
  }
}

/**
 * What honest runs tell: the answers of three seeds together, for one seed's forty answers may lie off by more than two
 * standard errors and every later run would be held against that; the speed of the fastest, so that a busy moment of
 * this machine is no reference.
 */
export async function honestReference(exactOutput: boolean): Promise<Reference> {
  const runs: Ran[] = [];
  for (const seed of [1, 2, 3]) {
    runs.push(await measureCheat('honest', { exactOutput, seed, reference: null }));
  }
  const [first] = runs;
  if (first === undefined) throw new RangeError('three runs');
  const records = runs.flatMap(({ input }) => input.records);
  const rates = runs.map(({ input }) => input.summary.outputTokensPerS ?? 0);
  return {
    ...referenceOf({ records, summary: first.input.summary }, first.service),
    outputTokensPerS: Math.max(...rates),
  };
}
