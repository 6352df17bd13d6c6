{{/*
CEL over one TokenRefreshPolicy. The CRD has given it its defaults before admission looks; what is absent all the same is taken for
what Remint would take it for. Modes that are unknown here count as too bold.
*/}}
{{- define "remint.ceilings" -}}
{{- $ceilings := .Values.admission.ceilings -}}
{{- $mode := .Values.modeCeiling -}}
{{- if eq $ceilings.maxMode "Observe" }}{{ $mode = "Observe" }}{{ end -}}
{{- $modes := ternary (list "Observe") (list "Observe" "Enforce") (eq $mode "Observe") -}}
- expression: object.spec.?mode.orValue('Observe') in {{ toJson $modes }}
  message: "spec.mode: the cluster allows {{ join ", " $modes }}"
{{- $enabled := list -}}
{{- range $strategy, $on := .Values.strategies }}{{ if $on }}{{ $enabled = append $enabled $strategy }}{{ end }}{{ end }}
- expression: object.spec.?strategies.orValue({}).all(kind, object.spec.strategies[kind].all(listed, listed.type in {{ toJson $enabled }}))
  message: "spec.strategies: the cluster allows {{ join ", " $enabled }}"
{{- if not (kindIs "invalid" $ceilings.maxPerHour) }}
- expression: object.spec.?limits.?maxPerHour.orValue(20) <= {{ int $ceilings.maxPerHour }}
  message: "spec.limits.maxPerHour: the cluster allows {{ int $ceilings.maxPerHour }} at most"
{{- end }}
{{- if not (kindIs "invalid" $ceilings.maxConcurrent) }}
- expression: object.spec.?limits.?maxConcurrent.orValue(2) <= {{ int $ceilings.maxConcurrent }}
  message: "spec.limits.maxConcurrent: the cluster allows {{ int $ceilings.maxConcurrent }} at most"
{{- end }}
{{- with $ceilings.minCooldown }}
- expression: duration(object.spec.?limits.?cooldown.orValue('30m')) >= duration('{{ . }}')
  message: "spec.limits.cooldown: the cluster asks for {{ . }} at least"
{{- end }}
{{- if not (kindIs "invalid" $ceilings.minConfidence) }}
- expression: double(object.spec.?minConfidence.orValue(0.9)) >= {{ float64 $ceilings.minConfidence }}
  message: "spec.minConfidence: the cluster asks for {{ $ceilings.minConfidence }} at least"
{{- end }}
{{- end -}}
