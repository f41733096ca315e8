/** Files of the user's project that use-cases may read and write; paths outside the allowed folders are refused. */
export interface ProjectFiles {
  readonly projectDir: string;
  readonly sessionsDir: string;
  /** Reads a text file of the project (at most 2 MB). Throws: InvalidInputError `E_FILE` naming the path and the fix. */
  readProject(path: string, baseDir?: string): Promise<string>;
  /** Absolute folder of a project path, for contract-relative files. */
  resolve(path: string, baseDir?: string): string;
  /** Text of a file below sessions/, or null when it does not exist. */
  readOutput(path: string): Promise<string | null>;
  /** Writes below sessions/ atomically. Throws when the path would leave it. */
  writeOutput(path: string, text: string): Promise<void>;
  /** Creates below sessions/; false when the name is taken. */
  createOutput(path: string, text: string): Promise<boolean>;
  listOutputs(path: string): Promise<readonly string[]>;
  /** Text of a shipped workload preset (workloads/<id>.yaml), or null when there is none of that name. */
  readPreset(id: string): Promise<string | null>;
  listPresets(): Promise<readonly string[]>;
}
