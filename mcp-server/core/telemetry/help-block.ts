/** Lines between which a first deployment prints the `--help` of its image into its log. */
export const HELP_BEGIN = '----- autodebug engine help begin -----';
export const HELP_END = '----- autodebug engine help end -----';
