// SPDX-License-Identifier: Apache-2.0

/** Replicas tell the same: any of them will do. */
export const any = (metric: string, ...by: string[]): string =>
  by.length ? `max by (${by.join(', ')}) (${metric})` : `max(${metric})`;

export const rate = (metric: string, ...by: string[]): string =>
  `sum by (${by.join(', ')}) (rate(${metric}[$__rate_interval]))`;

/** `selector` as in `{…}`. */
export const quantile = (
  share: number,
  histogram: string,
  by: string[] = [],
  selector = '',
): string => `histogram_quantile(${share}, ${rate(`${histogram}_bucket${selector}`, 'le', ...by)})`;

/** Series of instances, by the name of their deployment, which only the deployer knows. */
export const named = (expression: string): string =>
  `${expression} * on (l45_deployment) group_left (l45_deployment_name) ${any('l45_deployments', 'l45_deployment', 'l45_deployment_name')}`;

/** What share of the requests to a service is answered with an error. */
export const errorShare = (selector: string): string =>
  `(${rate(`l45_request_duration_seconds_count{${selector},error_type!=""}`, 'l45_service')} or ${rate(`l45_request_duration_seconds_count{${selector}}`, 'l45_service')} * 0) / ${rate(`l45_request_duration_seconds_count{${selector}}`, 'l45_service')}`;

/** For what is rare, of which rates and quantiles would show nothing. */
export const mean = (histogram: string, ...by: string[]): string =>
  `sum by (${by.join(', ')}) (${histogram}_sum) / sum by (${by.join(', ')}) (${histogram}_count)`;
