/** Environment variable by which the profiler puts a tag on what it sends. Source: Graphsignal documentation, `GRAPHSIGNAL_TAG_<KEY>`. */
export function profilerTagOf(key: string): string {
  return `GRAPHSIGNAL_TAG_${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}
