/** What can become of an input whose result is there. */
export const ON_DONE = ['keep', 'move', 'delete'] as const;
export type OnDone = (typeof ON_DONE)[number];
