{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- /* Where Prometheus finds metrics without an operator; what is given: the port. */ -}}
{{- define "l45.scraped" -}}
annotations:
  prometheus.io/scrape: 'true'
  prometheus.io/path: /metrics
  prometheus.io/port: {{ . | quote }}
{{- end }}

{{- /* Whether there are identities, one for each: always with our own NATS. */ -}}
{{- define "l45.enrols" -}}
{{- if or .Values.nats.enabled .Values.nats.external.credentialsSecret }}true{{ end }}
{{- end }}

{{- /* Whether agents enrol with the token of their pod, of which the security service asks Kubernetes. */ -}}
{{- define "l45.reviews" -}}
{{- if and (include "l45.enrols" .) (or .Values.agent.enabled .Values.middleboxes) }}true{{ end }}
{{- end }}

{{- /* Pods that somebody has to tell apart; all others share an account. */ -}}
{{- define "l45.serviceAccount" -}}
{{- $own := list "identities" "migrate" }}
{{- if include "l45.reviews" .root }}
{{- $own = concat $own (list "security" "agent") (include "l45.middleboxAgents" .root | fromJsonArray) }}
{{- end }}
{{- ternary (include "l45.name" .) .root.Release.Name (has .component $own) }}
{{- end }}

{{- /*
What every pod has. Who talks to the Kubernetes API mounts a token for it by itself; who is `early`
runs before there is anything of the release.
*/ -}}
{{- define "l45.pod" -}}
serviceAccountName: {{ include "l45.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if or .root.Values.priorityClass.name (not .early) }}
priorityClassName: {{ include "l45.priorityClass" .root }}
{{- end }}
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

{{- /*
How a process reaches the bus, as `component`; an agent has a `stateDir`, and enrols. The `nats` command
reads the same variables.
*/ -}}
{{- define "l45.busEnvironment" -}}
{{- with .root.Values.nats -}}
- name: NATS_URL
  value: {{ ternary (printf "tls://%s-nats.%s.svc:4222" $.root.Release.Name $.root.Release.Namespace) .external.url .enabled }}
{{- if or .enabled .external.caSecret }}
- name: NATS_CA
  value: /etc/l45/nats/ca.crt
{{- end }}
{{- end }}
{{- if include "l45.enrols" .root }}
- name: NATS_CREDS
  {{- with .stateDir }}
  # Made when it enrols, for this agent only.
  value: {{ . }}/nats.creds
- name: L45_ENROL_CREDS
  value: /etc/l45/nats/nats.creds
- name: L45_ENROL_TOKEN
  value: /var/run/secrets/l45/token
  {{- else }}
  value: /etc/l45/nats/nats.creds
  {{- end }}
{{- end }}
{{- end }}

{{- define "l45.databaseEnvironment" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "l45.databaseSecret" . }}
      key: url
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
{{- /* Agents only have what they enrol with. */ -}}
{{- $user := ternary "newcomer" .component (hasKey . "stateDir") -}}
- name: nats
  projected:
    defaultMode: 0440
    sources:
      {{- with .root.Values.nats }}
      {{- with ternary (printf "%s-nats-ca" $.root.Release.Name) .external.caSecret .enabled }}
      - secret:
          name: {{ . }}
          items:
            - key: ca.crt
              path: ca.crt
      {{- end }}
      {{- if .enabled }}
      - secret:
          name: {{ $.root.Release.Name }}-nats-{{ $user }}
      {{- if eq $.component "security" }}
      - secret:
          name: {{ $.root.Release.Name }}-nats-issuer
      {{- end }}
      {{- end }}
      {{- with and (not .enabled) .external.credentialsSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: {{ $user }}.creds
              path: nats.creds
            {{- if eq $.component "security" }}
            - key: authority.json
              path: authority.json
            {{- end }}
      {{- end }}
      {{- end }}
{{- end }}

{{- /* What agents enrol with: it names their pod to the security service and nobody else. */ -}}
{{- define "l45.enrolmentMount" -}}
{{- if include "l45.enrols" . -}}
- name: enrolment
  mountPath: /var/run/secrets/l45
  readOnly: true
{{- end }}
{{- end }}

{{- define "l45.enrolmentVolume" -}}
{{- if include "l45.enrols" . -}}
- name: enrolment
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          audience: l45
          expirationSeconds: 600
{{- end }}
{{- end }}

{{- /* Of who is on the host's network: where it answers probes, and scrapes, on `port`. */ -}}
{{- define "l45.hostHealthEnvironment" -}}
{{- if .root.Values.metrics.enabled -}}
# Where Prometheus reaches it: a pod on the host's network has the host's address.
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: HEALTH_LISTEN
  value: $(POD_IP):{{ .port }}
{{- else -}}
# The host's network is shared: health is nobody's business but the kubelet's.
- name: HEALTH_LISTEN
  value: 127.0.0.1:{{ .port }}
{{- end }}
{{- end }}

{{- define "l45.hostHealth" -}}
{{- if .root.Values.metrics.enabled -}}
ports:
  - name: health
    containerPort: {{ .port }}
    hostPort: {{ .port }}
    protocol: TCP
{{ include "l45.probes" (dict "port" "health") }}
{{- else -}}
{{ include "l45.probes" (dict "port" .port "host" "127.0.0.1") }}
{{- end }}
{{- end }}

{{- /* For the few that talk to the Kubernetes API. */ -}}
{{- define "l45.kubernetesEnvironment" -}}
- name: NODE_EXTRA_CA_CERTS
  value: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
{{- end }}

{{- define "l45.kubernetesMount" -}}
- name: kubernetes
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}

{{- define "l45.kubernetesVolume" -}}
- name: kubernetes
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
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
