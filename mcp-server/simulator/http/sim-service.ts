import type { SimConfig } from '../core/config.ts';
import { createObserver, type Observer } from '../core/observer.ts';
import type { SimEngine } from '../core/sim-engine.ts';
import { createTokenizer, type Tokenizer } from '../core/text/tokenizer.ts';
import { createLiveRequests, type LiveRequests } from './live-requests.ts';
import { createLogWriter, type LogWriter, type PrintLine } from './log-writer.ts';
import { createPlayer, type Player } from './player.ts';

/** Facts of the simulation itself, told on /autodebug/simulated. */
interface SimulatedFacts {
  readonly simulated: true;
  readonly engine: string;
  readonly gpu: string;
  readonly gpuCount: number;
  readonly model: string;
  readonly priceUsdPerHour: number | null;
  readonly seed: number;
  readonly launchSeed: number;
}

/** A running simulated engine with all that its HTTP face needs. */
export interface SimService {
  readonly config: SimConfig;
  readonly facts: SimulatedFacts;
  readonly engine: SimEngine;
  readonly player: Player;
  readonly observer: Observer;
  readonly tokenizer: Tokenizer;
  readonly live: LiveRequests;
  readonly log: LogWriter;
  /** Wall clock of the engine's time zero. Units: ms since the epoch. */
  readonly startedAtMs: number;
  nextId(): number;
  isReady(): boolean;
  setReady(): void;
  stop(): void;
}

export interface ServiceParts {
  readonly config: SimConfig;
  readonly engine: SimEngine;
  readonly facts: SimulatedFacts;
  /** Told when the engine runs out of memory under load; the process is to end. */
  readonly onCrash: (lines: readonly string[]) => void;
  readonly print: PrintLine;
}

function crashLines(config: SimConfig, tokens: number): readonly string[] {
  const need = ((tokens * config.model.hidden * 16) / 1024 ** 3).toFixed(2);
  return [
    'Scheduler hit an exception: Traceback (most recent call last):',
    `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate ${need} GiB. GPU 0 has a total capacity of ${(config.gpu.memoryBytes / 1024 ** 3).toFixed(2)} GiB of which 0.12 GiB is free.`,
    'SIGQUIT received. signum=None, frame=None. It usually means one child failed.',
  ];
}

/** Puts clock, log, metrics and text beside an engine. */
export function createSimService(parts: ServiceParts): SimService {
  const { config, engine } = parts;
  const observer = createObserver(config);
  const log = createLogWriter({ config, observer, engine, print: parts.print });
  let id = 0;
  let ready = false;
  const player = createPlayer(engine, (event) => {
    observer.see(event);
    if (event.kind === 'tokens') live.deliver(event);
    else if (event.kind === 'step') log.step(event.step);
    else if (event.kind === 'crashed') {
      live.failAll('CUDA out of memory.');
      parts.onCrash(crashLines(config, event.tokens));
    }
  });
  const live = createLiveRequests(config, (request) => player.cancel(request));
  return {
    config,
    facts: parts.facts,
    engine,
    player,
    observer,
    tokenizer: createTokenizer(config.model.vocab),
    live,
    log,
    startedAtMs: Math.round(Date.now() - player.nowMs()),
    nextId: () => {
      id += 1;
      return id;
    },
    isReady: () => ready,
    setReady: () => {
      ready = true;
    },
    stop: () => {
      player.stop();
      log.stop();
    },
  };
}
