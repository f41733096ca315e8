import type { App } from '../../mcp-server/app/app.ts';
import { buildCanaries } from '../../mcp-server/core/quality/canaries.ts';
import { mix, unitOf } from '../../mcp-server/simulator/core/random.ts';
import { createTokenizer } from '../../mcp-server/simulator/core/text/tokenizer.ts';
import {
  type CompletionPlan,
  planCompletion,
} from '../../mcp-server/simulator/http/completion-plan.ts';
import {
  ChatBody,
  CompletionBody,
  GenerateBody,
} from '../../mcp-server/simulator/http/request-body.ts';
import { wholeBody } from '../../mcp-server/simulator/http/sse-format.ts';
import { baselineConfig, serviceConfig } from '../simulator/configs.ts';

type Complete = App['load']['complete'];
type Config = ReturnType<typeof baselineConfig>;

/** How the answers differ from those of a sound model. */
export interface Damage {
  /** Share of tokens that come out wrong and of log-probability that is lost, as a launch would cause it. */
  readonly corruptionRate?: number;
  /** Share of tasks that are answered wrongly, whatever their length. */
  readonly wrongRatio?: number;
  /** Share of tokens replaced by stray ones, with log-probabilities untouched. */
  readonly garbleRatio?: number;
  /** Numbers its requests apart from those of another run, as other batches would. */
  readonly run?: number;
  /** What the service does not tell. */
  readonly tells?: 'all' | 'no-prompt-scores' | 'no-logprobs';
  readonly engine?: 'sglang' | 'vllm';
}

const VLLM = 'vllm serve meta-llama/Llama-3.1-8B-Instruct';

function planOf(
  request: Parameters<Complete>[0],
  context: Parameters<typeof planCompletion>[1],
): CompletionPlan | null {
  const { path, body } = request;
  if (path === '/generate') {
    if (context.config.engine !== 'sglang') return null;
    const { text } = GenerateBody.parse(body);
    const plan = planCompletion({ prompt: text, max_tokens: 1 }, context);
    return 'status' in plan ? null : { ...plan, isNative: true, wantsPromptScores: true };
  }
  const parsed = path === undefined ? ChatBody.parse(body) : CompletionBody.parse(body);
  const plan = planCompletion(parsed, context);
  return 'status' in plan ? null : plan;
}

function garbled(plan: CompletionPlan, ratio: number): CompletionPlan {
  const pieces = plan.reply.pieces.map((piece, index) =>
    unitOf(plan.request.id, mix(piece.length, index), 31) < ratio ? ' zqx' : piece,
  );
  return { ...plan, reply: { ...plan.reply, pieces } };
}

const CANARIES = new Set(buildCanaries(1).map((canary) => canary.prompt));

/** True for what is neither a canary of seed 1 nor a free question. */
function isTaskPrompt(body: Readonly<Record<string, unknown>>): boolean {
  const prompt = ChatBody.parse(body).messages[0]?.content;
  return body['max_tokens'] === 96 && typeof prompt === 'string' && !CANARIES.has(prompt);
}

/** A service that answers as the simulated engine does, without its clock; damaged as asked. */
export function modelService(damage: Damage = {}): Complete {
  const sound: Config = damage.engine === 'vllm' ? serviceConfig(VLLM) : baselineConfig();
  const config = { ...sound, corruptionRate: damage.corruptionRate ?? 0 };
  const tokenizer = createTokenizer(config.model.vocab);
  const tells = damage.tells ?? 'all';
  let id = (damage.run ?? 0) * 1_000_000;
  return async (request) => {
    id += 1;
    if (tells !== 'all' && request.path !== undefined) return { status: 404, body: null, text: '' };
    if (tells === 'no-logprobs' && request.body['logprobs'] === true)
      return { status: 400, body: null, text: '' };
    const planned = planOf(request, { config, tokenizer, id });
    if (planned === null) return { status: 404, body: null, text: '' };
    const isTask = request.path === undefined && isTaskPrompt(request.body);
    const isWrong = isTask && unitOf(id, 17) < (damage.wrongRatio ?? 0);
    const plan = isWrong
      ? garbled({ ...planned, toolCall: null }, 1)
      : garbled(planned, damage.garbleRatio ?? 0);
    const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 };
    return {
      status: 200,
      body: wholeBody({ plan, config, id: 'x', createdS: 0 }, usage),
      text: '',
    };
  };
}
