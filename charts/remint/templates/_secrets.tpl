{{/* Which Secret holds what. */}}

{{- define "remint.tlsSecret" -}}
{{- if eq .Values.audit.tls.mode "existingSecret" -}}
{{- required "audit.tls.existingSecret.name is needed with audit.tls.mode existingSecret" .Values.audit.tls.existingSecret.name -}}
{{- else -}}
{{- include "remint.fullname" . }}-audit-tls
{{- end -}}
{{- end -}}

{{/* What the API server shows; not mounted into any pod. */}}
{{- define "remint.clientSecret" -}}
{{- include "remint.fullname" . }}-audit-client
{{- end -}}

{{- define "remint.bearerTokenSecret" -}}
{{- default (printf "%s-audit-token" (include "remint.fullname" .)) .Values.audit.bearerToken.existingSecret -}}
{{- end -}}

{{- define "remint.podLogTokenSecret" -}}
{{- default (printf "%s-pod-log-token" (include "remint.fullname" .)) .Values.podLogs.bearerToken.existingSecret -}}
{{- end -}}

{{- define "remint.journalKeySecret" -}}
{{- default (printf "%s-journal-key" (include "remint.fullname" .)) .Values.journalKey.existingSecret -}}
{{- end -}}

{{- define "remint.auditService" -}}
{{- include "remint.fullname" . }}-audit
{{- end -}}

{{/* The name by which the API server verifies the certificate (tls-server-name), whatever address it connects to. */}}
{{- define "remint.auditServerName" -}}
{{- include "remint.auditService" . }}.{{ include "remint.namespace" . }}.svc
{{- end -}}

{{/* The authority's own name; X.509 allows a common name 64 characters, and names with a scope are longer. */}}
{{- define "remint.auditAuthority" -}}
{{- printf "%s-audit-ca" (include "remint.clusterName" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "remint.auditDnsNames" -}}
{{- $short := printf "%s.%s" (include "remint.auditService" .) (include "remint.namespace" .) -}}
{{- concat (list (include "remint.auditServerName" .) $short (printf "%s.svc.cluster.local" $short)) .Values.audit.tls.extraDnsNames | uniq | toJson -}}
{{- end -}}

{{- define "remint.auditIpAddresses" -}}
{{- $addresses := .Values.audit.tls.extraIpAddresses -}}
{{- with .Values.audit.service.clusterIP }}{{ if ne . "None" }}{{ $addresses = prepend $addresses . }}{{ end }}{{ end -}}
{{- concat $addresses (list "127.0.0.1") | uniq | toJson -}}
{{- end -}}

{{/* Of Secrets with keys that are made here. `lookup` finds what an earlier release made; a value is made only where there was none. */}}
{{- define "remint.keptValue" -}}
{{- $found := (lookup "v1" "Secret" (include "remint.namespace" .root) .name).data | default dict -}}
{{- get $found .key | default (randAlphaNum 64 | b64enc) -}}
{{- end -}}
