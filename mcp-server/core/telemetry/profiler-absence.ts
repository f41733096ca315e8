/** What is known of a deployment whose profiler gave nothing, or no profile. */
export interface ProfilerFacts {
  /** The service file as text, with its image, commands and environment. */
  readonly service: string;
  readonly commands: readonly string[];
  /** Names of variables that the container gets. */
  readonly envNames: readonly string[];
  readonly image: string | null;
  /** Programs that stand before the engine in its launch. */
  readonly wrappers: readonly string[];
  /** The engine's log. Data from outside: only looked at, never repeated. */
  readonly log: string;
}

type Finding = 'not installed' | 'not wrapped' | 'key' | 'egress' | 'cuda' | 'python' | 'version';

/** Why a profiler that should be there is silent, in our own words, with what mends it. */
export interface ProfilerFinding {
  readonly finding: Finding;
  readonly text: string;
}

/** Bytes of the log that are looked at from either end; the profiler speaks at its start, uploads fail later. */
const LOOKED_AT = 400_000;

const INSTALLS = /\b(?:pip3?|uv)\b[^\n;&|]*\binstall\b[^\n;&|]*\bgraphsignal\b/;
/** Source: Graphsignal 0.19 is the last generation with function profiles and span counters. */
const PINNED = /graphsignal(?:\[[\w,]+\])?['"]?\s*(?:==\s*0\.(?:1\d|\d)\b|<\s*0\.20)/;

const KEY_LINE = /graphsignal[^\n]{0,200}(?:api[_ ]key|\b401\b|\b403\b|unauthori[sz]ed|forbidden)/i;
const EGRESS_LINE =
  /(?:api\.graphsignal\.com|graphsignal)[^\n]{0,300}(?:Max retries|NameResolution|timed out|Connection ?refused|ConnectTimeout|ConnectionError|Temporary failure|ProxyError|SSLError)/i;
const CUDA_LINE =
  /(?:cupti|libcuda|graphsignal[^\n]{0,80}cuda)[^\n]{0,200}(?:could not|cannot|failed|not found|error|unsupported|mismatch)/i;
const PYTHON_LINE = /graphsignal[^\n]{0,200}(?:sys\.monitoring|python\s*(?:>=|3\.1[2-9]))/i;

/**
 * Causes of silence, the surest first. Empty when: nothing of what is known explains it.
 * Source: Graphsignal 0.19 (sys.monitoring needs Python 3.12, extras cu12 and cu13, GRAPHSIGNAL_API_KEY, buffered uploads).
 */
export function profilerFindings(facts: ProfilerFacts): readonly ProfilerFinding[] {
  const isInstalled = INSTALLS.test(facts.commands.join('\n'));
  const isWrapped = facts.wrappers.some((one) => /(?:^|\/)graphsignal-run$/.test(one));
  if (!isInstalled && !isWrapped) {
    return [say('not installed', 'the service neither installs nor runs a profiler')];
  }
  const found: (ProfilerFinding | null)[] = [
    isWrapped
      ? null
      : say(
          'not wrapped',
          'it is installed, and graphsignal-run does not stand before the engine in the launch',
        ),
    keyFinding(facts),
    cudaFinding(facts),
    pythonFinding(facts),
    EGRESS_LINE.test(ends(facts.log))
      ? say(
          'egress',
          'the log tells of uploads that do not get out: let the container reach the profiler’s API',
        )
      : null,
    PINNED.test(facts.commands.join('\n')) || !isInstalled
      ? null
      : say(
          'version',
          'the install is not pinned below 0.20: later generations record no Python functions and other names',
        ),
  ];
  return found.filter((one) => one !== null);
}

const say = (finding: Finding, text: string): ProfilerFinding => ({ finding, text });

const ends = (log: string): string =>
  log.length <= 2 * LOOKED_AT ? log : `${log.slice(0, LOOKED_AT)}\n${log.slice(-LOOKED_AT)}`;

function keyFinding({ envNames, log, service }: ProfilerFacts): ProfilerFinding | null {
  if (!envNames.includes('GRAPHSIGNAL_API_KEY') && !/GRAPHSIGNAL_API_KEY/.test(service)) {
    return say(
      'key',
      'GRAPHSIGNAL_API_KEY is not in the env of the service: the profiler has no key',
    );
  }
  return KEY_LINE.test(ends(log))
    ? say('key', 'the log tells that the profiler’s key is missing or refused')
    : null;
}

/** CUDA major of the installed extra against that of the image. */
function cudaFinding({ commands, image, log }: ProfilerFacts): ProfilerFinding | null {
  const extra = /graphsignal\[[^\]]*cu(\d\d)/.exec(commands.join('\n'))?.[1];
  const built = /cu(?:da)?[-_]?(1[1-9])(?:[.\d]|\b)/i.exec(image ?? '')?.[1];
  if (extra !== undefined && built !== undefined && extra !== built) {
    return say(
      'cuda',
      `the profiler is installed for CUDA ${extra}, the image is built with CUDA ${built}`,
    );
  }
  return CUDA_LINE.test(ends(log))
    ? say(
        'cuda',
        'the log tells that its GPU part could not start: check the CUDA build of the install',
      )
    : null;
}

function pythonFinding({ service, image, log }: ProfilerFacts): ProfilerFinding | null {
  const asked =
    /^python:\s*["']?3\.(\d+)/m.exec(service)?.[1] ?? /py3\.?(\d{1,2})\b/.exec(image ?? '')?.[1];
  const isOld = asked !== undefined && Number(asked) < 12;
  return isOld || PYTHON_LINE.test(ends(log))
    ? say('python', 'Python is older than 3.12: there are no function profiles')
    : null;
}
