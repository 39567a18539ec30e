{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- /* Every template below is given a dict of `root`, the chart's context, and mostly `component`. */ -}}

{{- define "l45.name" -}}
{{ .root.Release.Name }}{{ with .component }}-{{ . }}{{ end }}
{{- end }}

{{- /* Of what is in no namespace. */ -}}
{{- define "l45.clusterName" -}}
{{ .root.Release.Namespace }}-{{ include "l45.name" . }}
{{- end }}

{{- define "l45.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "l45.labels" -}}
labels:
  {{- include "l45.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "l45.metadata" -}}
name: {{ include "l45.name" . }}
namespace: {{ .root.Release.Namespace }}
{{ include "l45.labels" . }}
{{- end }}

{{- define "l45.clusterMetadata" -}}
name: {{ include "l45.clusterName" . }}
{{ include "l45.labels" . }}
{{- end }}

{{- /* One of our own images; additionally needs its `image`. */ -}}
{{- define "l45.image" -}}
image: {{ .root.Values.image.registry }}/l45-{{ .image }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- end }}

{{- define "l45.databaseSecret" -}}
{{ .root.Values.postgres.existingSecret | default (include "l45.name" (dict "root" .root "component" "database")) }}
{{- end }}

{{- /* Components of the agents of middleboxes, as JSON. */ -}}
{{- define "l45.middleboxAgents" -}}
{{- $components := list }}
{{- range .Values.middleboxes }}{{ $components = append $components (printf "middlebox-agent-%s" .name) }}{{ end }}
{{- toJson $components }}
{{- end }}

{{- /* Services that own a schema of the database. */ -}}
{{- define "l45.schemaOwners" -}}
builder deployer monitor security middlebox
{{- end }}
