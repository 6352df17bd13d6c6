{{/* The default policy, as it is asked for and as it is found. */}}

{{- define "remint.policyKind" -}}
{{- ternary "TokenRefreshPolicy" "ClusterTokenRefreshPolicy" (gt (len .Values.scope.namespaces) 0) -}}
{{- end -}}

{{- define "remint.policySpec" -}}
{{- merge (dict "mode" .Values.defaultPolicy.mode) .Values.defaultPolicy.spec | toJson -}}
{{- end -}}

{{/*
What there is of the default policy in a namespace ("": in the cluster): absent; asked (what the values ask for, whatever people
did to it since); other (what earlier values asked for); edited (that, and its spec was changed since). In: root, namespace.
*/}}
{{- define "remint.policyState" -}}
{{- $kind := include "remint.policyKind" .root -}}
{{- $found := dict -}}
{{- if .root.Capabilities.APIVersions.Has (printf "remint.dev/v1alpha1/%s" $kind) -}}
{{- $found = lookup "remint.dev/v1alpha1" $kind .namespace .root.Values.defaultPolicy.name -}}
{{- end -}}
{{- if not $found -}}
absent
{{- else if eq (get ($found.metadata.annotations | default dict) "remint.dev/asked-for") (include "remint.policySpec" .root | sha256sum) -}}
asked
{{- /* The API server counts the changes of the spec; neither status nor annotations are among them. */ -}}
{{- else if gt (int $found.metadata.generation) 1 -}}
edited
{{- else -}}
other
{{- end -}}
{{- end -}}
