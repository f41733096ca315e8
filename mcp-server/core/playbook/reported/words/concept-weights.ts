import type { Concept } from './concepts.ts';

/** How much several ideas together speak for a class; below zero they speak against it. */
export type Term = readonly [weight: number, ...ideas: readonly Concept[]];
