{{/* The parts of the pod. */}}

{{- define "remint.args" -}}
- run
- --listen=[::]:{{ .Values.metrics.containerPort }}
- --audit-listen=[::]:{{ .Values.audit.containerPort }}
- --audit-tls-cert=/etc/remint/tls/tls.crt
- --audit-tls-key=/etc/remint/tls/tls.key
{{- if .Values.audit.clientCertificate }}
- --audit-client-ca=/etc/remint/tls/ca.crt
{{- $names := .Values.audit.clientNames }}
{{- if and (not $names) (ne .Values.audit.tls.mode "existingSecret") }}
{{- $names = list "kube-apiserver-audit" }}
{{- end }}
{{- range $names }}
- {{ printf "--audit-client-name=%s" . | quote }}
{{- end }}
{{- else if not .Values.audit.bearerToken.enabled }}
{{- fail "audit.clientCertificate may be off only with audit.bearerToken.enabled: whoever may post audit events can have workloads restarted" }}
{{- end }}
{{- if .Values.audit.bearerToken.enabled }}
- --audit-token-file=/etc/remint/token/{{ .Values.audit.bearerToken.secretKey }}
{{- end }}
- --lease-name={{ include "remint.leaseName" . }}
{{- if .Values.leaderElection.enabled }}
- --leader-elect
{{- with .Values.leaderElection.leaseDuration }}
- --lease-duration={{ . }}
{{- end }}
{{- else }}
- --no-leader-elect
{{- end }}
{{- range .Values.scope.namespaces }}
- --watch-namespace={{ . }}
{{- end }}
{{- with .Values.extendedTokenLifetime }}
- --extended-token-lifetime={{ . }}
{{- end }}
- --grace={{ .Values.gracePeriodSeconds }}s
{{- range $flag, $value := .Values.restart }}
{{- with $value }}
- --restart-{{ $flag }}={{ . }}
{{- end }}
{{- end }}
{{- if .Values.podLogs.enabled }}
- --pod-logs
- --pod-log-streams={{ .Values.podLogs.streams }}
{{- end }}
{{- with .Values.podLogs.bearerToken }}
{{- if .enabled }}
{{- $audit := $.Values.audit.bearerToken }}
{{- if and $audit.enabled (eq (include "remint.podLogTokenSecret" $) (include "remint.bearerTokenSecret" $)) (eq .secretKey $audit.secretKey) }}
{{- fail "podLogs.bearerToken must be another token than audit.bearerToken: whoever has that one can have workloads restarted" }}
{{- end }}
- --pod-log-token-file=/etc/remint/pod-log-token/{{ .secretKey }}
{{- end }}
{{- end }}
{{- if .Values.apiserverPodLogs.enabled }}
- --apiserver-pod-logs
{{- end }}
{{- if .Values.journalKey.enabled }}
- --journal-key-file=/etc/remint/journal/{{ .Values.journalKey.secretKey }}
{{- end }}
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- range .Values.extraArgs }}
- {{ tpl . $ | quote }}
{{- end }}
{{- end -}}

{{- define "remint.podAnnotations" -}}
{{- if and .Values.metrics.scrapeAnnotations (not .Values.metrics.serviceMonitor.enabled) (not .Values.metrics.podMonitor.enabled) }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.metrics.containerPort | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end -}}

{{- define "remint.placement" -}}
{{- with include "remint.imagePullSecrets" . | trim }}
imagePullSecrets:
{{ . }}
{{- end }}
{{- range $field := list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" }}
{{- with get $.Values $field }}
{{ $field }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- if not (kindIs "invalid" .Values.hostUsers) }}
hostUsers: {{ .Values.hostUsers }}
{{- end }}
{{- range $field := list "nodeSelector" "affinity" "tolerations" "dnsConfig" }}
{{- with get $.Values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
{{- range . }}
- {{- merge (dict) . (dict "labelSelector" (dict "matchLabels" (include "remint.selectorLabels" $ | fromYaml))) | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "remint.volumeMounts" -}}
{{- if not .Values.serviceAccount.automountServiceAccountToken }}
- {name: api-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
- {name: tls, mountPath: /etc/remint/tls, readOnly: true}
{{- if .Values.audit.bearerToken.enabled }}
- {name: bearer-token, mountPath: /etc/remint/token, readOnly: true}
{{- end }}
{{- if .Values.podLogs.bearerToken.enabled }}
- {name: pod-log-token, mountPath: /etc/remint/pod-log-token, readOnly: true}
{{- end }}
{{- if .Values.journalKey.enabled }}
- {name: journal-key, mountPath: /etc/remint/journal, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Secrets are mounted as folders, never by subPath, since only then a change reaches the running pod. */}}
{{- define "remint.volumes" -}}
{{- if not .Values.serviceAccount.automountServiceAccountToken }}
- name: api-token
  projected:
    defaultMode: 0440
    sources:
    - serviceAccountToken: {path: token, expirationSeconds: {{ .Values.serviceAccount.tokenExpirationSeconds }}}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}
- name: tls
  secret: {secretName: {{ include "remint.tlsSecret" . | quote }}, defaultMode: 0440}
{{- if .Values.audit.bearerToken.enabled }}
- name: bearer-token
  secret: {secretName: {{ include "remint.bearerTokenSecret" . | quote }}, defaultMode: 0440}
{{- end }}
{{- if .Values.podLogs.bearerToken.enabled }}
- name: pod-log-token
  secret: {secretName: {{ include "remint.podLogTokenSecret" . | quote }}, defaultMode: 0440}
{{- end }}
{{- if .Values.journalKey.enabled }}
- name: journal-key
  secret: {secretName: {{ include "remint.journalKeySecret" . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
