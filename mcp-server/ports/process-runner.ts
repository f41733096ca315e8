export interface RunRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the child. Secrets go here, never into `args`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a finished child said. A missing binary, a time-out and a non-zero exit are data, not exceptions. */
export interface RunResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly notFound: boolean;
  readonly durationMs: number;
}

/** Runs a program to its end. No shell, no inherited stdio; kills the child's group at the time-out. Never rejects. */
export interface ProcessRunner {
  run(request: RunRequest): Promise<RunResult>;
}
