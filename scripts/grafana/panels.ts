// SPDX-License-Identifier: Apache-2.0
import {
  LegendDisplayMode,
  LegendPlacement,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 24;

/** What is shown, and how one line of it is called. */
type Query = [expression: string, legend: string];

interface Look {
  /** Grafana's name of a unit: `s`, `reqps`, `Bps`, `percentunit`, … */
  unit?: string;
  description: string;
}

const legend = new VizLegendOptionsBuilder()
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom)
  .showLegend(true);

const queryOf = ([expression, name]: Query) =>
  new DataqueryBuilder().datasource(DATASOURCE).expr(expression).legendFormat(name);

/** A histogram leads to the traces in it. */
const rangeOf = (query: Query) => {
  const range = queryOf(query).range();
  return query[0].includes('_bucket') ? range.exemplar(true) : range;
};

/** How something went over time. */
export function graph(title: string, { unit = 'short', description }: Look, ...queries: Query[]) {
  const panel = new GraphBuilder().title(title).description(description).unit(unit);
  panel
    .datasource(DATASOURCE)
    .height(8)
    .span(WIDTH / 2)
    .min(0)
    .fillOpacity(10)
    .legend(legend);
  return panel.targets(queries.map(rangeOf));
}

/** How something is now. */
export function stat(title: string, { unit = 'short', description }: Look, expression: string) {
  const panel = new StatBuilder().title(title).description(description).unit(unit);
  panel
    .datasource(DATASOURCE)
    .height(4)
    .span(WIDTH / 4);
  return panel.withTarget(queryOf([expression, '']).instant());
}

/** Lets the reader choose among the values that a label has; its name is the label's last word. */
export const choice = (label: string, metric: string) =>
  new QueryVariableBuilder(label.split('_').at(-1) ?? label)
    .query(`label_values(${metric}, ${label})`)
    .datasource(DATASOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*');

export interface Described {
  /** Also the name of its file. */
  uid: string;
  title: string;
  description: string;
  choices?: ReturnType<typeof choice>[];
  panels: Builder<Panel>[];
}

export function dashboard({ uid, title, description, choices = [], panels }: Described): Dashboard {
  const builder = new DashboardBuilder(`Layer 4.5 / ${title}`)
    .uid(uid)
    .description(description)
    .tags(['layer45'])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').type('prometheus'));
  for (const one of choices) builder.withVariable(one);
  for (const panel of panels) builder.withPanel(panel);
  return builder.build();
}
