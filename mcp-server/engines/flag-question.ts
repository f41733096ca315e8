import type { Change } from '../core/service/change.ts';
import type { Engine, InventoryFlag } from './engine.ts';

/** What is asked about a changed command line. */
export interface FlagQuestion {
  readonly engine: Engine;
  /** Flags of the very image, from its own --help; they win over our list. Null: not seen yet. */
  readonly inventory: readonly InventoryFlag[] | null;
  /** Version of the engine. Null: unknown, the newest known is taken. */
  readonly version: string | null;
  readonly parentArgv: readonly string[];
  readonly argv: readonly string[];
  readonly changes: readonly Change[];
  readonly minContextTokens: number;
  readonly attentionHeads: number | null;
}
