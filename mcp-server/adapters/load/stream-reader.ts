import { createHash } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { type ChunkEvent, readChunkEvent, type Usage } from './chunk-event.ts';
import type { ParseQueue } from './parse-queue.ts';

/** What a response stream has told so far, as far as it is parsed. Times are those of the network read that brought the event. */
export interface StreamFacts {
  roleAtMs: number | null;
  firstTokenAtMs: number | null;
  lastTokenAtMs: number | null;
  gapsMs: number[];
  contentEvents: number;
  firstEventTokens: number;
  usage: Usage | null;
  finishReason: string | null;
  model: string | null;
  id: string | null;
  fingerprint: string | null;
  done: boolean;
  events: number;
  /** Network reads that brought content. */
  contentReads: number;
  /** Bytes read, parsed or not. */
  bytes: number;
  malformed: string | null;
  error: string | null;
  textChars: number;
  usageEvents: number;
  firstTextBlank: boolean;
  textSample: string;
  /** The text, up to a cap, for what is counted once the run is over. */
  text: string;
  /** The last characters, wherever the text ends. */
  tail: string;
  /** First characters of the body as it came, for what is not an event stream at all. */
  head: string;
}

export interface StreamReader {
  readonly facts: StreamFacts;
  /** Takes one network read, stamped by the caller before this call, to be parsed later. */
  push(chunk: Uint8Array, atMs: number): void;
  /** Parses what was read so far. */
  catchUp(): void;
  /** The stream ended cleanly: an event without its blank line still counts. */
  end(): void;
  textHash(): string;
}

const SAMPLE_CHARS = 240;
const HEAD_CHARS = 200;
/** Text that is kept until the run is over. Source: own reasoning; about 8,000 tokens, bounded for thousands of streams. */
const TEXT_CHARS = 32_768;
const HASH_CHARS = 16;

function emptyFacts(): StreamFacts {
  return {
    roleAtMs: null,
    firstTokenAtMs: null,
    lastTokenAtMs: null,
    gapsMs: [],
    contentEvents: 0,
    firstEventTokens: 1,
    usage: null,
    finishReason: null,
    model: null,
    id: null,
    fingerprint: null,
    done: false,
    events: 0,
    contentReads: 0,
    bytes: 0,
    malformed: null,
    error: null,
    textChars: 0,
    usageEvents: 0,
    firstTextBlank: false,
    textSample: '',
    text: '',
    tail: '',
    head: '',
  };
}

/** Reads server-sent events of a completion: any line ends, comments, characters and events cut anywhere. */
export function createStreamReader(queue: ParseQueue): StreamReader {
  const facts = emptyFacts();
  const decoder = new StringDecoder('utf8');
  const hash = createTextHash();
  let atMs = 0;
  const parser = createParser({
    onEvent: (message) => {
      facts.events += 1;
      if (message.data.trim() === '[DONE]') {
        facts.done = true;
        return;
      }
      const event = readChunkEvent(message.data);
      if (event === null) facts.malformed ??= `not a JSON object: ${message.data.slice(0, 120)}`;
      else takeEvent(facts, event, { atMs, isErrorEvent: message.event === 'error' });
      if (event !== null && event.text !== '') hash.add(event.text);
    },
  });
  const feed = (text: string): void => {
    if (facts.head.length < HEAD_CHARS) facts.head += text.slice(0, HEAD_CHARS);
    parser.feed(text);
  };
  const parse = ({ chunk, readAtMs }: Read): void => {
    atMs = readAtMs;
    const before = facts.contentEvents;
    feed(decoder.write(chunk));
    if (facts.contentEvents > before) facts.contentReads += 1;
  };
  let unread: Read[] = [];
  const catchUp = (): void => {
    const reads = unread;
    unread = [];
    for (const read of reads) parse(read);
  };
  return {
    facts,
    push: (chunk, readAtMs) => {
      facts.bytes += chunk.byteLength;
      unread.push({ chunk, readAtMs });
      if (unread.length === 1) queue.add(catchUp);
    },
    catchUp,
    end: () => {
      catchUp();
      feed(`${decoder.end()}\n\n`);
    },
    textHash: () => (facts.textChars === 0 ? '' : hash.digest()),
  };
}

interface Read {
  readonly chunk: Uint8Array;
  readonly readAtMs: number;
}

/** Text that is hashed at once; a call for each token would cost more than its parsing. */
const HASH_BLOCK_CHARS = 4096;

function createTextHash(): { add(text: string): void; digest(): string } {
  const hash = createHash('sha256');
  let held = '';
  return {
    add: (text) => {
      held += text;
      if (held.length < HASH_BLOCK_CHARS) return;
      hash.update(held);
      held = '';
    },
    digest: () => hash.copy().update(held).digest('hex').slice(0, HASH_CHARS),
  };
}

function takeEvent(
  facts: StreamFacts,
  event: ChunkEvent,
  read: { readonly atMs: number; readonly isErrorEvent: boolean },
): void {
  takeFaults(facts, event, read.isErrorEvent);
  facts.model ??= event.model;
  facts.id ??= event.id;
  facts.fingerprint ??= event.fingerprint;
  facts.finishReason = event.finishReason ?? facts.finishReason;
  if (event.hasDelta) facts.roleAtMs ??= read.atMs;
  if (event.text !== '') takeText(facts, event, read.atMs);
  facts.usage = event.usage ?? facts.usage;
  if (event.usage !== null) facts.usageEvents += 1;
}

function takeFaults(facts: StreamFacts, event: ChunkEvent, isErrorEvent: boolean): void {
  const error = event.error ?? (isErrorEvent ? 'an event of type error' : null);
  facts.error ??= error;
  if (facts.done && event.hasDelta) facts.malformed ??= 'data after [DONE]';
}

function takeText(facts: StreamFacts, event: ChunkEvent, atMs: number): void {
  if (facts.lastTokenAtMs === null) {
    facts.firstTokenAtMs = atMs;
    facts.firstTextBlank = event.text.trim() === '';
    const told = event.usage?.outputTokens ?? event.logprobTokens ?? 1;
    facts.firstEventTokens = Math.max(1, told);
  } else {
    facts.gapsMs.push(atMs - facts.lastTokenAtMs);
  }
  facts.lastTokenAtMs = atMs;
  facts.contentEvents += 1;
  facts.textChars += event.text.length;
  if (facts.text.length < TEXT_CHARS) facts.text += event.text;
  else facts.tail = `${facts.tail}${event.text}`.slice(-SAMPLE_CHARS);
  if (facts.textSample.length < SAMPLE_CHARS) {
    facts.textSample += event.text.slice(0, SAMPLE_CHARS - facts.textSample.length);
  }
}
