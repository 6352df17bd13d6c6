{{/*
What Remint may do, verb by verb: what it does and nothing more (tests/chart/test_needed_verbs.py holds it against the requests
that it really makes). No Secrets, unless tokenSecrets is enabled. In: the root.
*/}}

{{/* What lies in namespaces: once in a ClusterRole, or in a Role of each namespace of the scope. */}}
{{- define "remint.namespacedRules" -}}
{{- $acts := ne .Values.modeCeiling "Observe" -}}
{{- $with := .Values.strategies -}}
# Who had which address when, and what owns whom.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods, replicationcontrollers]
  verbs: {{ if $acts }}[get, list, watch]{{ else }}[list, watch]{{ end }}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: {{ if $acts }}[get, list, watch]{{ else }}[list, watch]{{ end }}
{{- if $acts }}
# Whether the namespace of a restart that is deleted is going as a whole.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
# Whether another restart is under way among pods that one budget covers.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list]
{{- if $with.RolloutRestart }}
# RolloutRestart sets an annotation of the pod template.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [patch]
{{- end }}
{{- if or $with.EvictPods $with.Recreate }}
# EvictPods and Recreate: no pod is deleted in any other way.
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
{{- end }}
{{- if $with.ScaleToZero }}
# ScaleToZero.
- apiGroups: [""]
  resources: [replicationcontrollers/scale]
  verbs: [patch]
- apiGroups: [apps]
  resources: [deployments/scale, statefulsets/scale, replicasets/scale]
  verbs: [patch]
{{- end }}
{{- if or $with.ScaleToZero $with.RollingReplace }}
# ScaleToZero and RollingReplace ask who else sets the size.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
{{- end }}
{{- if $with.RollingReplace }}
# RollingReplace: a second controller beside the old one.
- apiGroups: [""]
  resources: [replicationcontrollers]
  verbs: [create, patch, delete]
{{- end }}
{{- if $with.Recreate }}
# Recreate: a bare pod, tried by a dry run before the old one is evicted.
- apiGroups: [""]
  resources: [pods]
  verbs: [create]
{{- end }}
{{- end }}
# What was decided, on the workload; a repeated Event is counted up by a patch.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.tokenSecrets.enabled }}
# When a Secret with a token was made anew, for policies with trustChange.secrets. Their metadata is all that is asked for.
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
{{- end }}
{{- if .Values.kubernetesEvents.enabled }}
# What Events accuse whom of, for policies with kubernetesEvent.enabled.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, watch]
{{- end }}
# Read anew before each write to a workload: it may have been suspended.
- apiGroups: [remint.dev]
  resources: [tokenrefreshpolicies]
  verbs: {{ if $acts }}[get, list, watch]{{ else }}[list, watch]{{ end }}
- apiGroups: [remint.dev]
  resources: [tokenrefreshpolicies/status]
  verbs: [patch]
{{- if $acts }}
# The journal of every restart: its finalizer is a patch, and finished ones are deleted in time.
- apiGroups: [remint.dev]
  resources: [workloadrestarts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [remint.dev]
  resources: [workloadrestarts/status]
  verbs: [patch]
{{- else }}
# The past restarts; finished ones are deleted in time.
- apiGroups: [remint.dev]
  resources: [workloadrestarts]
  verbs: [list, watch, delete]
{{- end }}
{{- if .Values.podLogs.enabled }}
# Logs of pods whose policy has podLog.enabled.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}
{{- with .Values.rbac.extraRules }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What has no namespace. */}}
{{- define "remint.clusterRules" -}}
# Whose address a request came from, and which namespaces a policy selects.
- apiGroups: [""]
  resources: [nodes, namespaces]
  verbs: [list, watch]
- apiGroups: [remint.dev]
  resources: [clustertokenrefreshpolicies]
  verbs: [list, watch]
- apiGroups: [remint.dev]
  resources: [clustertokenrefreshpolicies/status]
  verbs: [patch]
{{- end -}}

{{/* In Remint's own namespace. */}}
{{- define "remint.ownRules" -}}
# What the leader has learnt of callers at shared addresses, and of signing keys and CA, for the next one.
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ include "remint.memoryName" . | quote }}]
  verbs: [get, patch]
# Whether the CA was replaced. The signing keys are read by the right that every ServiceAccount has by default.
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [kube-root-ca.crt]
  verbs: [get]
{{- if .Values.leaderElection.enabled }}
# The lease that says which replica acts. A creation cannot be limited to a name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "remint.leaseName" . | quote }}]
  verbs: [get, update]
# The leader labels its own pod, so that the audit Service leads to it, and takes the label off its predecessor's.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, patch]
{{- else if ne .Values.modeCeiling "Observe" }}
# The cluster's kill switch is an annotation of the Lease: asked for before each write to a workload, also where there is none.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "remint.leaseName" . | quote }}]
  verbs: [get]
{{- end }}
{{- end -}}

{{/* In the namespace of kube-apiserver's pods. */}}
{{- define "remint.apiserverPodRules" -}}
# The API servers' logs say why tokens were rejected.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end -}}
