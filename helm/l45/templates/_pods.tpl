{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- /* Where Prometheus finds metrics without an operator; what is given: the port. */ -}}
{{- define "l45.scraped" -}}
annotations:
  prometheus.io/scrape: 'true'
  prometheus.io/path: /metrics
  prometheus.io/port: {{ . | quote }}
{{- end }}

{{- /* What every pod has. Nothing here talks to the Kubernetes API, so none has a token for it. */ -}}
{{- define "l45.pod" -}}
serviceAccountName: {{ .root.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
priorityClassName: {{ include "l45.priorityClass" .root }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "l45.priorityClass" -}}
{{ .Values.priorityClass.name | default (printf "%s-%s" .Release.Namespace .Release.Name) }}
{{- end }}

{{- /* A user that may do nothing: what is given is the number of the user. */ -}}
{{- define "l45.unprivilegedPod" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "l45.unprivilegedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Spread over nodes and zones as far as the cluster allows. */ -}}
{{- define "l45.spread" -}}
{{- $labels := include "l45.selector" . -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- $labels | nindent 6 }}
{{- end }}
{{- end }}

{{- /* How a process reaches the bus, as `component`. The `nats` command reads the same variables. */ -}}
{{- define "l45.busEnvironment" -}}
{{- with .root.Values.nats -}}
- name: NATS_URL
  value: {{ ternary (printf "tls://%s-nats.%s.svc:4222" $.root.Release.Name $.root.Release.Namespace) .external.url .enabled }}
{{- if or .enabled .external.caSecret }}
- name: NATS_CA
  value: /etc/l45/nats/ca.crt
{{- end }}
{{- if .enabled }}
- name: NATS_CERT
  value: /etc/l45/nats/tls.crt
- name: NATS_KEY
  value: /etc/l45/nats/tls.key
{{- else if .external.credentialsSecret }}
- name: NATS_CREDS
  value: /etc/l45/nats/nats.creds
{{- end }}
{{- end }}
{{- end }}

{{- define "l45.environment" -}}
{{ include "l45.busEnvironment" . }}
- name: LOG_LEVEL
  value: {{ .root.Values.logLevel }}
{{- with .root.Values.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
{{- end }}
{{- with .root.Values.tracesSampler }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .name }}
{{- with .argument }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "l45.busMount" -}}
- name: nats
  mountPath: /etc/l45/nats
  readOnly: true
{{- end }}

{{- define "l45.busVolume" -}}
- name: nats
  projected:
    defaultMode: 0440
    sources:
      {{- with .root.Values.nats }}
      {{- if .enabled }}
      - secret:
          name: {{ $.root.Release.Name }}-nats-{{ $.component }}
      {{- else }}
      {{- with .external.caSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: ca.crt
              path: ca.crt
      {{- end }}
      {{- with .external.credentialsSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: {{ $.component }}.creds
              path: nats.creds
      {{- end }}
      {{- end }}
      {{- end }}
{{- end }}

{{- /* Live: the event loop turns. Ready: connected and subscribed. Starting may wait for others. */ -}}
{{- define "l45.probes" -}}
livenessProbe:
  httpGet: &live
    path: /live
    port: {{ .port }}
    {{- with .host }}
    host: {{ . }}
    {{- end }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /ready
    port: {{ .port }}
    {{- with .host }}
    host: {{ . }}
    {{- end }}
  periodSeconds: 5
  timeoutSeconds: 2
startupProbe:
  httpGet: *live
  periodSeconds: 1
  failureThreshold: 30
{{- end }}
