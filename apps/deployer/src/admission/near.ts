// SPDX-License-Identifier: Apache-2.0

const SHOWN = 3;

/** ` (did you mean …?)` with the names that look most like it; empty if none does. */
export function didYouMean(name: string, known: string[]): string {
  const near = known
    .map((candidate) => ({ candidate, far: distance(name, candidate) }))
    .filter(({ candidate, far }) => far <= Math.max(2, name.length / 3) || candidate.includes(name))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, SHOWN)
    .map(({ candidate }) => candidate);
  return near.length ? ` (did you mean ${near.join(', ')}?)` : '';
}

/** Edits that lead from one to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, y] of [...b].entries()) {
      const [diagonal = 0, above = 0] = row.slice(j, j + 2);
      next.push(Math.min(above + 1, (next[j] ?? 0) + 1, diagonal + (x === y ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
