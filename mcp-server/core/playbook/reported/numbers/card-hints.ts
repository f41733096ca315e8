import { gpuFacts } from '../../../roofline/gpus.ts';
import { type Hint, type Report, wordsOf } from '../report.ts';

/** `1.1 GB of it`, `600 MB`, `1.1 of 24 GB` of a card. */
const LITTLE_USED =
  /(?:gpu|vram|card|cuda|nvidia-smi|[ahl]\d{2,3}|rtx)[^.;\n]{0,60}?(?<![\d.])(\d+(?:\.\d+)?) ?(GB|GiB|MB|MiB)? (?:of (?:it|its|the|\d+)|used|in use|is taken|after loading)/i;
const LAYERS = /-ngl\b|--n-gpu-layers|--gpu-layers|--fit\b/;

const SLOW = /\bslow|t(?:ok\w*)?\/s|tokens? (?:a|per) second/i;

/** How much of a card's memory the words tell to be taken. Units: GB. NaN when: they do not tell. */
function takenGb(words: string): number {
  const [, size, unit = ''] = LITTLE_USED.exec(words) ?? [];
  return Number(size ?? Number.NaN) / (unit.startsWith('M') ? 1024 : 1);
}

/** The launch gives no layers to a card that is told of. */
function leavesCardOut(report: Report, words: string): boolean {
  const launch = report.input.launch_command ?? '';
  if (launch === '' || LAYERS.test(launch)) return false;
  return gpuFacts(`${report.input.gpu ?? ''} ${words}`) !== null;
}

/** Layers of a model and those of them that Ollama puts on the card. Source: ollama llm/memory.go, the offload line. */
const OFFLOADED = /layers\.model=(\d+) layers\.offload=(\d+)/;

/** A part of the layers that the runner itself says it leaves to the processor. */
function keptBack(report: Report, cls: string): readonly Hint[] {
  const [evidence = '', all, onCard] = OFFLOADED.exec(report.input.log ?? '') ?? [];
  return Number(onCard) < Number(all) ? [{ cls, weight: 0.8, evidence }] : [];
}

/** A llama.cpp that was given a card and hardly takes memory of it. Source: llama.cpp server README, --n-gpu-layers. */
export function cardHints(report: Report): readonly Hint[] {
  if (report.engine !== 'llamacpp') return [];
  const words = wordsOf(report);
  const cls = 'layers_on_cpu';
  const gb = takenGb(words);
  const isLeftOut = SLOW.test(words) && leavesCardOut(report, words);
  return [
    ...keptBack(report, cls),
    ...(gb < 3
      ? [{ cls, weight: 0.6, evidence: `${gb.toFixed(1)} GB of the card are taken` }]
      : []),
    ...(isLeftOut
      ? [{ cls, weight: 0.35, evidence: 'the launch gives no layers to the GPU' }]
      : []),
  ];
}
