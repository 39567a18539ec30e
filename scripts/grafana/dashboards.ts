// SPDX-License-Identifier: Apache-2.0
import { choice, dashboard, graph, stat } from './panels.js';
import { any, errorShare, mean, named, quantile, rate } from './queries.js';

const REQUESTS = 'l45_request_duration_seconds';

const fleet = dashboard({
  uid: 'l45-fleet',
  title: 'Fleet',
  description:
    'Hosts, how far they are from what they should run, and the services that see to it.',
  panels: [
    stat(
      'Hosts online',
      { description: 'Agents that reported within the last 15 seconds.' },
      any('l45_hosts{l45_online="true"}'),
    ),
    stat(
      'Hosts offline',
      { description: 'Hosts whose agent has fallen silent; their kernels go on customizing.' },
      any('l45_hosts{l45_online="false"}'),
    ),
    stat(
      'Hosts not as desired',
      { description: 'Online, but behind the newest desired state, or with problems.' },
      any('l45_hosts_drifted'),
    ),
    stat(
      'Slowest host',
      { unit: 's', description: 'How long some host has not applied what it was told.' },
      any('l45_convergence_waiting_seconds'),
    ),
    graph(
      'Hosts',
      { description: 'Hosts that have ever reported, by whether they still do.' },
      [any('l45_hosts', 'l45_online'), 'online: {{l45_online}}'],
      [any('l45_hosts_drifted'), 'not as desired'],
    ),
    graph(
      'Convergence lag',
      { unit: 's', description: 'From a desired state until its host has applied it.' },
      [quantile(0.5, 'l45_convergence_lag_seconds'), 'median'],
      [quantile(0.99, 'l45_convergence_lag_seconds'), '99 %'],
    ),
    graph('Requests', { unit: 'reqps', description: 'Requests answered, by service and verb.' }, [
      rate(`${REQUESTS}_count`, 'l45_service', 'l45_verb'),
      '{{l45_service}} {{l45_verb}}',
    ]),
    graph(
      'Request duration, 95 %',
      {
        unit: 's',
        description: 'What 95 of 100 requests are answered within; deploy waits if asked to.',
      },
      [quantile(0.95, REQUESTS, ['l45_service', 'l45_verb']), '{{l45_service}} {{l45_verb}}'],
    ),
    graph(
      'Requests answered with an error',
      { unit: 'percentunit', description: 'Share of the requests to a service.' },
      [errorShare('l45_service=~".+"'), '{{l45_service}}'],
    ),
    graph(
      'Builds',
      {
        unit: 'reqps',
        description: 'Builds asked for, by whether all modules were there already.',
      },
      [rate('l45_builds_total', 'l45_cached'), 'cached: {{l45_cached}}'],
    ),
    graph(
      'Compilation',
      { unit: 's', description: 'To compile and store a module, on average so far.' },
      [mean('l45_build_duration_seconds', 'l45_customization'), '{{l45_customization}}'],
    ),
  ],
});

const DEPLOYMENT = 'l45_deployments{l45_deployment_name=~"$name"}';
const chosen = (metric: string, by: string) =>
  `${any(metric, 'l45_deployment', by)} * on (l45_deployment) group_left (l45_deployment_name) ${any(DEPLOYMENT, 'l45_deployment', 'l45_deployment_name')}`;

const deployment = dashboard({
  uid: 'l45-deployment',
  title: 'Deployment',
  description: 'A rollout over time: its phase, which hosts confirm it, what its instances do.',
  choices: [choice('l45_deployment_name', 'l45_deployments')],
  panels: [
    graph('Phase', { description: 'ingress → egress → deployed; quiesce → removal → revoked.' }, [
      any(DEPLOYMENT, 'l45_deployment_name', 'l45_phase'),
      '{{l45_deployment_name}} {{l45_phase}}',
    ]),
    graph(
      'Hosts that confirm',
      { description: 'Hosts of the deployment, by whether they have what its phase asks for.' },
      [
        chosen('l45_deployment_hosts', 'l45_converged'),
        '{{l45_deployment_name}} converged: {{l45_converged}}',
      ],
    ),
    graph(
      'Rollout duration',
      { unit: 's', description: 'From a change until every host confirms it, on average so far.' },
      [mean('l45_rollout_duration_seconds', 'l45_change'), '{{l45_change}}'],
    ),
    graph('Messages customized', { unit: 'cps', description: 'By both ends together.' }, [
      named(
        rate(
          'l45_instance_messages_total{l45_verdict="customized"}',
          'l45_deployment',
          'l45_direction',
        ),
      ),
      '{{l45_deployment_name}} {{l45_direction}}',
    ]),
    graph('Sockets attached', { description: 'On all hosts.' }, [
      named('sum by (l45_deployment) (l45_instance_sockets)'),
      '{{l45_deployment_name}}',
    ]),
    graph(
      'Errors',
      { unit: 'cps', description: 'Messages that an instance refused: what applications notice.' },
      [named(rate('l45_instance_errors_total', 'l45_deployment')), '{{l45_deployment_name}}'],
    ),
  ],
});

const host = dashboard({
  uid: 'l45-host',
  title: 'Host',
  description:
    'One host: what its agent has applied, what keeps it from more, what its kernel runs.',
  choices: [choice('l45_host', 'l45_agent_revision')],
  panels: [
    stat(
      'Instances',
      { description: 'In the kernels of the chosen hosts.' },
      'count(l45_instance_sockets{l45_host=~"$host"})',
    ),
    stat(
      'Sockets attached',
      { description: 'At this moment.' },
      'sum(l45_instance_sockets{l45_host=~"$host"})',
    ),
    stat(
      'Problems',
      { description: 'That keep the chosen hosts from their desired state.' },
      'sum(l45_agent_problems{l45_host=~"$host"}) or vector(0)',
    ),
    stat(
      'Revision',
      { description: 'Of the desired state that was applied last.' },
      'max(l45_agent_revision{l45_host=~"$host"})',
    ),
    graph(
      'Messages',
      { unit: 'cps', description: 'Customized, left to the next instance, dropped, observed.' },
      [
        rate(
          'l45_instance_messages_total{l45_host=~"$host"}',
          'l45_host',
          'l45_customization',
          'l45_verdict',
        ),
        '{{l45_host}} {{l45_customization}} {{l45_verdict}}',
      ],
    ),
    graph(
      'Steps that failed',
      { unit: 'cps', description: 'Of the agent, by kind: KERNEL is what the kernel refused.' },
      [
        `${rate('l45_agent_errors_total{l45_host=~"$host"}', 'l45_host', 'error_type')} or vector(0)`,
        '{{l45_host}} {{error_type}}',
      ],
    ),
  ],
});

const INSTANCE = ['l45_host', 'l45_customization', 'l45_instance'];
const ONE = '{{l45_host}} {{l45_customization}} {{l45_instance}}';
const CHOSEN = 'l45_host=~"$host",l45_customization=~"$customization"';

const datapath = dashboard({
  uid: 'l45-datapath',
  title: 'Kernel datapath',
  description: 'What each instance does to the traffic it is attached to, as its kernel counts.',
  choices: [
    choice('l45_host', 'l45_instance_sockets'),
    choice('l45_customization', 'l45_instance_sockets'),
  ],
  panels: [
    graph(
      'Messages by verdict',
      { unit: 'cps', description: 'Customized, passed to the next instance, dropped, observed.' },
      [
        rate(`l45_instance_messages_total{${CHOSEN}}`, ...INSTANCE, 'l45_verdict', 'l45_direction'),
        `${ONE} {{l45_direction}} {{l45_verdict}}`,
      ],
    ),
    graph(
      'Bytes',
      { unit: 'Bps', description: 'Into and out of an instance, in both directions.' },
      [
        rate(`l45_instance_bytes_total{${CHOSEN}}`, ...INSTANCE, 'l45_direction', 'l45_side'),
        `${ONE} {{l45_direction}} {{l45_side}}`,
      ],
    ),
    graph(
      'Bytes inserted and removed',
      { unit: 'Bps', description: 'What the customizations cost, and save, on the wire.' },
      [
        rate(`l45_instance_changed_bytes_total{${CHOSEN}}`, ...INSTANCE, 'l45_change'),
        `${ONE} {{l45_change}}`,
      ],
    ),
    graph(
      'Overhead on the wire',
      {
        unit: 'percentunit',
        description: 'Bytes that egress inserts, by bytes of the application.',
      },
      [
        `${rate(`l45_instance_changed_bytes_total{l45_change="inserted",${CHOSEN}}`, ...INSTANCE)} / ${rate(`l45_instance_bytes_total{l45_direction="egress",l45_side="in",${CHOSEN}}`, ...INSTANCE)}`,
        ONE,
      ],
    ),
    graph('Sockets attached', { description: 'At each moment.' }, [
      `sum by (${INSTANCE.join(', ')}) (l45_instance_sockets{${CHOSEN}})`,
      ONE,
    ]),
    graph(
      'Sockets newly attached',
      { unit: 'cps', description: 'How much connections come and go.' },
      [rate(`l45_instance_attached_total{${CHOSEN}}`, ...INSTANCE), ONE],
    ),
    graph('Errors', { unit: 'cps', description: 'Messages refused with an error.' }, [
      rate(`l45_instance_errors_total{${CHOSEN}}`, ...INSTANCE),
      ONE,
    ]),
  ],
});

const requestsTo = (service: string) => [
  graph('Requests', { unit: 'reqps', description: `Answered by ${service}, by verb.` }, [
    rate(`${REQUESTS}_count{l45_service="${service}"}`, 'l45_verb'),
    '{{l45_verb}}',
  ]),
  graph(
    'Request duration, 95 %',
    { unit: 's', description: 'What 95 of 100 requests are answered within.' },
    [quantile(0.95, REQUESTS, ['l45_verb'], `{l45_service="${service}"}`), '{{l45_verb}}'],
  ),
  graph(
    'Requests answered with an error',
    { unit: 'percentunit', description: 'Share of all of them.' },
    [errorShare(`l45_service="${service}"`), 'errors'],
  ),
];

const challenges = dashboard({
  uid: 'l45-challenges',
  title: 'Challenges',
  description: 'Whether hosts prove that they run what was deployed, with the right key.',
  panels: [
    stat(
      'Not passed in the last hour',
      {
        description:
          'Answered wrongly, with code that was changed, refused, or not answered in time.',
      },
      'sum(increase(l45_challenges_total{l45_outcome!="passed"}[1h])) or vector(0)',
    ),
    graph('Challenges', { unit: 'cps', description: 'By outcome.' }, [
      rate('l45_challenges_total', 'l45_outcome'),
      '{{l45_outcome}}',
    ]),
    ...requestsTo('security'),
  ],
});

const middleboxes = dashboard({
  uid: 'l45-middleboxes',
  title: 'Middleboxes',
  description: 'What middleboxes ask for, to read customized traffic.',
  panels: requestsTo('middlebox'),
});

export const DASHBOARDS = [fleet, deployment, host, datapath, challenges, middleboxes];
