{{/* Names, labels and what every object has. */}}

{{- define "remint.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 50 characters, so that the longest suffix of ours ("-audit-client") still makes a name of 63. */}}
{{- define "remint.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "remint.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "remint.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "remint.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* Of objects without a namespace: several releases of limited scope may share a cluster. */}}
{{- define "remint.clusterName" -}}
{{- if .Values.scope.namespaces -}}
{{- printf "%s-%s" (include "remint.namespace" .) (include "remint.fullname" .) -}}
{{- else -}}
{{- include "remint.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* These never change from version to version: a Deployment's selector cannot. */}}
{{- define "remint.selectorLabels" -}}
app.kubernetes.io/name: {{ include "remint.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "remint.labels" -}}
{{ include "remint.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{/* The metadata of an object; the chart's own labels win, since Services, budgets and helm find objects by them. In: root; name; and, when wanted, labels, annotations (dicts that go before the common ones), clusterScoped, namespace. */}}
{{- define "remint.metadata" -}}
name: {{ .name | quote }}
{{- if not .clusterScoped }}
namespace: {{ .namespace | default (include "remint.namespace" .root) | quote }}
{{- end }}
labels:
  {{- merge (include "remint.labels" .root | fromYaml) (.labels | default dict) .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "remint.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "remint.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "remint.leaseName" -}}
{{- default (include "remint.fullname" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{/* Where the leader keeps for the next one what it has learnt: remint run derives the name in the same way. */}}
{{- define "remint.memoryName" -}}
{{- printf "%s-memory" (include "remint.leaseName" .) -}}
{{- end -}}

{{- define "remint.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry .Values.global.imageRegistry -}}
{{- $repository := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Strings and {name: …} alike. */}}
{{- define "remint.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $names = append $names (kindIs "map" . | ternary (get (kindIs "map" . | ternary . dict) "name") .) -}}
{{- end -}}
{{- range $names | uniq }}
- name: {{ . | quote }}
{{- end -}}
{{- end -}}
