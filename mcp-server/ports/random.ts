/** Chance, for ids only; everything that is measured or searched takes a seed. */
export interface Random {
  /** Lower-case letters and digits. */
  token(length: number): string;
}
