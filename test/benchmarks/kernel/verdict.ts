// SPDX-License-Identifier: Apache-2.0
import type { Result } from './results.js';
import { WORKLOADS, type Burden, type Target } from './workloads.js';

export interface Verdict {
  workload: string;
  case: Burden;
  /** The cost, the target and the prototype's figure, as a reader wants them. */
  cost: string;
  target: string;
  prototype: string;
  met: boolean;
}

/** Every measured cost against its target. */
export function judge(results: readonly Result[]): Verdict[] {
  return results.flatMap((result) => {
    const workload = WORKLOADS.find(({ title }) => title === result.workload);
    if (!workload || result.case === 'none') return [];
    const target = workload.target[result.case];
    const prototype = workload.prototype?.[result.case];
    return {
      workload: result.workload,
      case: result.case,
      ...against(target, result),
      prototype: prototype?.toFixed(3) ?? '',
    };
  });
}

function against(
  target: Target,
  { ratio, median }: Result,
): Pick<Verdict, 'cost' | 'target' | 'met'> {
  if ('ratio' in target) {
    return { cost: ratio.toFixed(3), target: `≤ ${target.ratio}`, met: ratio <= target.ratio };
  }
  // The allocator hands out pages, so that some bytes a socket are noise.
  const noise = 64;
  const added = Math.round(median - median / ratio);
  return {
    cost: `+${added} B`,
    target: `≤ +${target.bytes} B`,
    met: added <= target.bytes + noise,
  };
}
