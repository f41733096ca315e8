import { near, type Signal, words } from './signal.ts';

/** Programs of a desktop, or others, that people name when they tell who else has memory of the card. */
const NEIGHBOUR = String.raw`\b(?:browsers?|desktop|games?|compositor|Xorg|Wayland|ComfyUI|Stable Diffusion|TTS|whisper|another (?:program|model|process)|other (?:programs?|models?|processes|apps?|applications?))\b`;

/** How people tell who holds memory. Source: own reasoning. */
export const MEMORY_SIGNALS: readonly Signal[] = [
  ...words('gpu_already_in_use', [
    0.75,
    near(
      NEIGHBOUR,
      String.raw`\b(?:holds?|takes?|uses?|using|occup\w+|eats?|claims?)\b[^.\n]{0,30}(?:\d ?(?:GB|GiB|MiB|MB)|vram|of the (?:card|gpu)|gpu memory)`,
    ),
  ]),
];
