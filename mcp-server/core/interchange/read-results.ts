import type { z } from 'zod';
import { BenchReport } from '../metrics/bench-report.ts';
import { isRecord } from '../parse.ts';
import { RequestRecord } from '../workload/request-record.ts';
import { AiperfResult, readAiperf } from './read-aiperf.ts';
import { readBenchReport, readRecords } from './read-autodebug.ts';
import { GuidellmResult, readGuidellm } from './read-guidellm.ts';
import { badFile, type JsonDocument, readJson } from './read-json.ts';
import { readSglang } from './read-sglang.ts';
import { BenchResult, readVllm } from './read-vllm.ts';
import type { ResultRun } from './result-run.ts';

/**
 * The runs of a result file, whose format is known by its keys.
 * Throws: InvalidInputError `E_RESULT_FILE`, which names file and line.
 */
export function readResults(file: string, text: string): readonly ResultRun[] {
  const documents = readJson(file, text);
  const [first] = documents;
  if (first !== undefined && isRequestRecord(first.value)) return [readEvidence(file, documents)];
  return documents.flatMap(readDocument);
}

const isRequestRecord = (value: unknown): boolean =>
  isRecord(value) && 'sentAtMs' in value && 'gapsMs' in value;

function readEvidence(file: string, documents: readonly JsonDocument[]): ResultRun {
  const records = documents.map(({ source, value }) => check(RequestRecord, value, source));
  return { source: file, dialect: 'autodebug', ...readRecords(records) };
}

function readDocument({ source, value }: JsonDocument): readonly ResultRun[] {
  if (!isRecord(value)) throw badFile(source, 'this is no JSON object');
  if ('ttftMs' in value && 'outputTokensPerS' in value) {
    const report = check(BenchReport, value, source);
    return [{ source, dialect: 'autodebug', ...readBenchReport(report) }];
  }
  if ('benchmarks' in value) return readSweep(source, value);
  if (isRecord(value['request_latency'])) {
    return [{ source, dialect: 'aiperf', ...readAiperf(check(AiperfResult, value, source)) }];
  }
  if ('total_throughput' in value || 'mean_e2e_latency_ms' in value) {
    return [{ source, dialect: 'sglang', ...readSglang(check(BenchResult, value, source)) }];
  }
  if ('output_throughput' in value) {
    return [{ source, ...readVllm(check(BenchResult, value, source)) }];
  }
  throw badFile(source, 'none of the known result formats has these keys');
}

function readSweep(source: string, value: unknown): readonly ResultRun[] {
  const { benchmarks } = check(GuidellmResult, value, source);
  return benchmarks.map((benchmark, index) => ({
    source: benchmarks.length === 1 ? source : `${source}#${index + 1}`,
    dialect: 'guidellm',
    ...readGuidellm(benchmark),
  }));
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  source: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw badFile(source, `${path === '' ? 'the record' : path} is wrong: ${issue?.message ?? ''}`);
}
