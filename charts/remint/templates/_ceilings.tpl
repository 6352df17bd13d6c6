{{/*
CEL over one TokenRefreshPolicy. The CRD has given it its defaults before admission looks; what is absent all the same is taken for
what Remint would take it for. Modes that are unknown here count as too bold.
*/}}
{{- define "remint.ceilings" -}}
{{- $ceilings := .Values.admission.ceilings -}}
{{- $mode := .Values.modeCeiling -}}
{{- $bold := dict "Observe" 1 "Approve" 2 "Enforce" 3 -}}
{{- with $ceilings.maxMode }}{{ if lt (get $bold .) (get $bold $mode) }}{{ $mode = . }}{{ end }}{{ end -}}
{{- $modes := slice (list "Observe" "Approve" "Enforce") 0 (get $bold $mode) -}}
- expression: object.spec.?mode.orValue('Observe') in {{ toJson $modes }}
  message: "spec.mode: the cluster allows {{ join ", " $modes }}"
{{- $enabled := list -}}
{{- range $strategy, $on := .Values.strategies }}{{ if $on }}{{ $enabled = append $enabled $strategy }}{{ end }}{{ end }}
- expression: object.spec.?strategies.orValue({}).all(kind, object.spec.strategies[kind].all(listed, listed.type in {{ toJson $enabled }}))
  message: "spec.strategies: the cluster allows {{ join ", " $enabled }}"
{{- $defaults := dict "maxPerHour" 20 "maxConcurrent" 2 "maxWorkloadsPercent" 10 "maxNamespacePercent" 100 "maxConcurrentPerBudget" 1 -}}
{{- range $limit, $default := $defaults }}
{{- $most := get $ceilings $limit }}
{{- if not (kindIs "invalid" $most) }}
- expression: object.spec.?limits.?{{ $limit }}.orValue({{ $default }}) <= {{ int $most }}
  message: "spec.limits.{{ $limit }}: the cluster allows {{ int $most }} at most"
{{- end }}
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
