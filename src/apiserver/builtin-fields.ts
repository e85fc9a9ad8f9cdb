/**
 * The fields of the built-in kinds, one type a paragraph: `field:type#tag!@key~%keys+^=default`.
 *
 * Types: s string, i and l integers, d number, b boolean, x integer or string, t time, m time with microseconds,
 * q quantity, y base64 bytes, j any JSON, [T] a list, {T} a map, else another type of this table. The rest: protobuf
 * tag (a.b for fields that protobuf nests and JSON does not), ! required, @ strategic merge by key, ~ retainKeys,
 * % list map keys, + set, ^ atomic.
 */
export const BUILTIN_TYPES = `
Namespace> metadata:ObjectMeta#1 spec:NamespaceSpec#2 status:NamespaceStatus#3
ObjectMeta> name:s#1 generateName:s#2 namespace:s#3 selfLink:s#4 uid:s#5 resourceVersion:s#6
  generation:l#7 creationTimestamp:t#8 deletionTimestamp:t#9 deletionGracePeriodSeconds:l#10
  labels:{s}#11 annotations:{s}#12 ownerReferences:[OwnerReference]#13@uid%uid finalizers:[s]#14@+
  managedFields:[j]#17^
OwnerReference> kind:s#1! name:s#3! uid:s#4! apiVersion:s#5! controller:b#6 blockOwnerDeletion:b#7
NamespaceSpec> finalizers:[s]#1^
NamespaceStatus> phase:s#1 conditions:[NamespaceCondition]#2@type%type
NamespaceCondition> type:s#1! status:s#2! lastTransitionTime:t#4 reason:s#5 message:s#6
Node> metadata:ObjectMeta#1 spec:NodeSpec#2 status:NodeStatus#3
NodeSpec> podCIDR:s#1 externalID:s#2 providerID:s#3 unschedulable:b#4 taints:[Taint]#5^
  configSource:j#6 podCIDRs:[s]#7@+
Taint> key:s#1! value:s#2 effect:s#3! timeAdded:t#4
NodeStatus> capacity:{q}#1 allocatable:{q}#2 phase:s#3 conditions:[NodeCondition]#4@type%type
  addresses:[NodeAddress]#5@type%type daemonEndpoints:NodeDaemonEndpoints#6
  nodeInfo:NodeSystemInfo#7 images:[ContainerImage]#8^ volumesInUse:[s]#9^ volumesAttached:[j]#10^
  config:j#11 runtimeHandlers:[j]#12^ features:j#13 declaredFeatures:[s]#14^
NodeCondition> type:s#1! status:s#2! lastHeartbeatTime:t#3 lastTransitionTime:t#4 reason:s#5
  message:s#6
NodeAddress> type:s#1! address:s#2!
NodeDaemonEndpoints> kubeletEndpoint:DaemonEndpoint#1
DaemonEndpoint> Port:i#1!
NodeSystemInfo> machineID:s#1! systemUUID:s#2! bootID:s#3! kernelVersion:s#4! osImage:s#5!
  containerRuntimeVersion:s#6! kubeletVersion:s#7! kubeProxyVersion:s#8! operatingSystem:s#9!
  architecture:s#10! swap:j#11
ContainerImage> names:[s]#1^ sizeBytes:l#2
Service> metadata:ObjectMeta#1 spec:ServiceSpec#2 status:ServiceStatus#3
ServiceSpec> ports:[ServicePort]#1@port%port,protocol selector:{s}#2^ clusterIP:s#3
  type:s#4=ClusterIP externalIPs:[s]#5^ sessionAffinity:s#7=None loadBalancerIP:s#8
  loadBalancerSourceRanges:[s]#9^ externalName:s#10 externalTrafficPolicy:s#11
  healthCheckNodePort:i#12 publishNotReadyAddresses:b#13
  sessionAffinityConfig:SessionAffinityConfig#14 ipFamilyPolicy:s#17 clusterIPs:[s]#18^
  ipFamilies:[s]#19^ allocateLoadBalancerNodePorts:b#20 loadBalancerClass:s#21
  internalTrafficPolicy:s#22 trafficDistribution:s#23
ServicePort> name:s#1 protocol:s#2=TCP port:i#3! targetPort:x#4 nodePort:i#5 appProtocol:s#6
SessionAffinityConfig> clientIP:ClientIPConfig#1
ClientIPConfig> timeoutSeconds:i#1
ServiceStatus> loadBalancer:LoadBalancerStatus#1 conditions:[Condition]#2@type%type
LoadBalancerStatus> ingress:[LoadBalancerIngress]#1^
LoadBalancerIngress> ip:s#1 hostname:s#2 ipMode:s#3 ports:[PortStatus]#4^
PortStatus> port:i#1! protocol:s#2! error:s#3
Condition> type:s#1! status:s#2! observedGeneration:l#3 lastTransitionTime:t#4! reason:s#5!
  message:s#6!
Endpoints> metadata:ObjectMeta#1 subsets:[EndpointSubset]#2^
EndpointSubset> addresses:[EndpointAddress]#1^ notReadyAddresses:[EndpointAddress]#2^
  ports:[EndpointPort]#3^
EndpointAddress> ip:s#1! targetRef:ObjectReference#2^ hostname:s#3 nodeName:s#4
ObjectReference> kind:s#1 namespace:s#2 name:s#3 uid:s#4 apiVersion:s#5 resourceVersion:s#6
  fieldPath:s#7
EndpointPort> name:s#1 port:i#2! protocol:s#3=TCP appProtocol:s#4
ConfigMap> metadata:ObjectMeta#1 data:{s}#2 binaryData:{y}#3 immutable:b#4
Secret> metadata:ObjectMeta#1 data:{y}#2 type:s#3=Opaque stringData:{s}#4 immutable:b#5
Pod> metadata:ObjectMeta#1 spec:PodSpec#2 status:PodStatus#3
PodSpec> volumes:[Volume]#1@name~%name containers:[Container]#2!@name%name restartPolicy:s#3=Always
  terminationGracePeriodSeconds:l#4=30 activeDeadlineSeconds:l#5 dnsPolicy:s#6=ClusterFirst
  nodeSelector:{s}#7^ serviceAccountName:s#8 serviceAccount:s#9 nodeName:s#10 hostNetwork:b#11
  hostPID:b#12 hostIPC:b#13 securityContext:PodSecurityContext#14={}
  imagePullSecrets:[LocalObjectReference]#15@name%name hostname:s#16 subdomain:s#17 affinity:j#18
  schedulerName:s#19=default-scheduler initContainers:[Container]#20@name%name
  automountServiceAccountToken:b#21 tolerations:[Toleration]#22^ hostAliases:[HostAlias]#23@ip%ip
  priorityClassName:s#24 priority:i#25 dnsConfig:PodDNSConfig#26 shareProcessNamespace:b#27
  readinessGates:[PodReadinessGate]#28^ runtimeClassName:s#29 enableServiceLinks:b#30
  preemptionPolicy:s#31 overhead:{q}#32
  topologySpreadConstraints:[j]#33@topologyKey%topologyKey,whenUnsatisfiable
  ephemeralContainers:[j]#34@name%name setHostnameAsFQDN:b#35 os:Named#36 hostUsers:b#37
  schedulingGates:[Named]#38@name%name resourceClaims:[j]#39@name~%name
  resources:ResourceRequirements#40 hostnameOverride:s#41 schedulingGroup:j#43
Volume> name:s#1! hostPath:HostPathVolumeSource#2.1 emptyDir:EmptyDirVolumeSource#2.2
  gcePersistentDisk:j#2.3 awsElasticBlockStore:j#2.4 gitRepo:j#2.5 secret:SecretVolumeSource#2.6
  nfs:j#2.7 iscsi:j#2.8 glusterfs:j#2.9 persistentVolumeClaim:j#2.10 rbd:j#2.11 flexVolume:j#2.12
  cinder:j#2.13 cephfs:j#2.14 flocker:j#2.15 downwardAPI:DownwardAPIVolumeSource#2.16 fc:j#2.17
  azureFile:j#2.18 configMap:ConfigMapVolumeSource#2.19 vsphereVolume:j#2.20 quobyte:j#2.21
  azureDisk:j#2.22 photonPersistentDisk:j#2.23 portworxVolume:j#2.24 scaleIO:j#2.25
  projected:ProjectedVolumeSource#2.26 storageos:j#2.27 csi:j#2.28 ephemeral:j#2.29 image:j#2.30
HostPathVolumeSource> path:s#1! type:s#2=""
EmptyDirVolumeSource> medium:s#1 sizeLimit:q#2
SecretVolumeSource> secretName:s#1 items:[KeyToPath]#2^ defaultMode:i#3=420 optional:b#4
KeyToPath> key:s#1! path:s#2! mode:i#3
DownwardAPIVolumeSource> items:[DownwardAPIVolumeFile]#1^ defaultMode:i#2=420
DownwardAPIVolumeFile> path:s#1! fieldRef:ObjectFieldSelector#2^
  resourceFieldRef:ResourceFieldSelector#3^ mode:i#4
ObjectFieldSelector> apiVersion:s#1=v1 fieldPath:s#2!
ResourceFieldSelector> containerName:s#1 resource:s#2! divisor:q#3
ConfigMapVolumeSource> name:s#1.1 items:[KeyToPath]#2^ defaultMode:i#3=420 optional:b#4
ProjectedVolumeSource> sources:[VolumeProjection]#1^ defaultMode:i#2=420
VolumeProjection> secret:KeyProjection#1 downwardAPI:DownwardAPIProjection#2
  configMap:KeyProjection#3 serviceAccountToken:ServiceAccountTokenProjection#4
  clusterTrustBundle:j#5 podCertificate:j#6
KeyProjection> name:s#1.1 items:[KeyToPath]#2^ optional:b#4
DownwardAPIProjection> items:[DownwardAPIVolumeFile]#1^
ServiceAccountTokenProjection> audience:s#1 expirationSeconds:l#2=3600 path:s#3!
Container> name:s#1! image:s#2 command:[s]#3^ args:[s]#4^ workingDir:s#5
  ports:[ContainerPort]#6@containerPort%containerPort,protocol env:[EnvVar]#7@name%name
  resources:ResourceRequirements#8={} volumeMounts:[VolumeMount]#9@mountPath%mountPath
  livenessProbe:Probe#10 readinessProbe:Probe#11 lifecycle:Lifecycle#12
  terminationMessagePath:s#13=/dev/termination-log imagePullPolicy:s#14
  securityContext:SecurityContext#15 stdin:b#16 stdinOnce:b#17 tty:b#18 envFrom:[EnvFromSource]#19^
  terminationMessagePolicy:s#20=File volumeDevices:[VolumeDevice]#21@devicePath%devicePath
  startupProbe:Probe#22 resizePolicy:[ContainerResizePolicy]#23^ restartPolicy:s#24
  restartPolicyRules:[j]#25^
ContainerPort> name:s#1 hostPort:i#2 containerPort:i#3! protocol:s#4=TCP hostIP:s#5
EnvVar> name:s#1! value:s#2 valueFrom:EnvVarSource#3
EnvVarSource> fieldRef:ObjectFieldSelector#1^ resourceFieldRef:ResourceFieldSelector#2^
  configMapKeyRef:KeySelector#3^ secretKeyRef:KeySelector#4^ fileKeyRef:j#5^
KeySelector> name:s#1.1 key:s#2! optional:b#3
ResourceRequirements> limits:{q}#1 requests:{q}#2 claims:[j]#3%name
VolumeMount> name:s#1! readOnly:b#2 mountPath:s#3! subPath:s#4 mountPropagation:s#5 subPathExpr:s#6
  recursiveReadOnly:s#7
Probe> exec:ExecAction#1.1 httpGet:HTTPGetAction#1.2 tcpSocket:TCPSocketAction#1.3
  grpc:GRPCAction#1.4 initialDelaySeconds:i#2 timeoutSeconds:i#3=1 periodSeconds:i#4=10
  successThreshold:i#5=1 failureThreshold:i#6=3 terminationGracePeriodSeconds:l#7
ExecAction> command:[s]#1^
HTTPGetAction> path:s#1=/ port:x#2! host:s#3 scheme:s#4=HTTP httpHeaders:[NameAndValue]#5^
NameAndValue> name:s#1! value:s#2!
TCPSocketAction> port:x#1! host:s#2
GRPCAction> port:i#1! service:s#2
Lifecycle> postStart:LifecycleHandler#1 preStop:LifecycleHandler#2 stopSignal:s#3
LifecycleHandler> exec:ExecAction#1 httpGet:HTTPGetAction#2 tcpSocket:TCPSocketAction#3
  sleep:SleepAction#4
SleepAction> seconds:l#1!
SecurityContext> capabilities:Capabilities#1 privileged:b#2 seLinuxOptions:SELinuxOptions#3
  runAsUser:l#4 runAsNonRoot:b#5 readOnlyRootFilesystem:b#6 allowPrivilegeEscalation:b#7
  runAsGroup:l#8 procMount:s#9 windowsOptions:j#10 seccompProfile:SecurityProfile#11
  appArmorProfile:SecurityProfile#12
Capabilities> add:[s]#1^ drop:[s]#2^
SELinuxOptions> user:s#1 role:s#2 type:s#3 level:s#4
SecurityProfile> type:s#1! localhostProfile:s#2
EnvFromSource> prefix:s#1 configMapRef:EnvSource#2 secretRef:EnvSource#3
EnvSource> name:s#1.1 optional:b#2
VolumeDevice> name:s#1! devicePath:s#2!
ContainerResizePolicy> resourceName:s#1! restartPolicy:s#2!
PodSecurityContext> seLinuxOptions:SELinuxOptions#1 runAsUser:l#2 runAsNonRoot:b#3
  supplementalGroups:[l]#4^ fsGroup:l#5 runAsGroup:l#6 sysctls:[NameAndValue]#7^ windowsOptions:j#8
  fsGroupChangePolicy:s#9 seccompProfile:SecurityProfile#10 appArmorProfile:SecurityProfile#11
  supplementalGroupsPolicy:s#12 seLinuxChangePolicy:s#13
LocalObjectReference> name:s#1
Toleration> key:s#1 operator:s#2 value:s#3 effect:s#4 tolerationSeconds:l#5
HostAlias> ip:s#1! hostnames:[s]#2^
PodDNSConfig> nameservers:[s]#1^ searches:[s]#2^ options:[PodDNSConfigOption]#3^
PodDNSConfigOption> name:s#1 value:s#2
PodReadinessGate> conditionType:s#1!
PodStatus> phase:s#1 conditions:[PodCondition]#2@type%type message:s#3 reason:s#4 hostIP:s#5
  podIP:s#6 startTime:t#7 containerStatuses:[ContainerStatus]#8^ qosClass:s#9
  initContainerStatuses:[ContainerStatus]#10^ nominatedNodeName:s#11 podIPs:[Ip]#12@ip%ip
  ephemeralContainerStatuses:[ContainerStatus]#13^ resize:s#14
  resourceClaimStatuses:[j]#15@name~%name hostIPs:[Ip]#16@ip^ observedGeneration:l#17
  extendedResourceClaimStatus:j#18 allocatedResources:{q}#19 resources:ResourceRequirements#20
  nodeAllocatableResourceClaimStatuses:[j]#21^
PodCondition> type:s#1! status:s#2! lastProbeTime:t#3 lastTransitionTime:t#4 reason:s#5 message:s#6
  observedGeneration:l#7
ContainerStatus> name:s#1! state:ContainerState#2 lastState:ContainerState#3 ready:b#4!
  restartCount:i#5! image:s#6! imageID:s#7! containerID:s#8 started:b#9 allocatedResources:{q}#10
  resources:ResourceRequirements#11 volumeMounts:[j]#12@mountPath%mountPath user:j#13
  allocatedResourcesStatus:[j]#14@name%name stopSignal:s#15
ContainerState> waiting:ContainerStateWaiting#1 running:ContainerStateRunning#2
  terminated:ContainerStateTerminated#3
ContainerStateWaiting> reason:s#1 message:s#2
ContainerStateRunning> startedAt:t#1
ContainerStateTerminated> exitCode:i#1! signal:i#2 reason:s#3 message:s#4 startedAt:t#5
  finishedAt:t#6 containerID:s#7
Ip> ip:s#1!
ServiceAccount> metadata:ObjectMeta#1 secrets:[ObjectReference]#2@name%name
  imagePullSecrets:[LocalObjectReference]#3^ automountServiceAccountToken:b#4
Event> metadata:ObjectMeta#1! involvedObject:ObjectReference#2!^ reason:s#3 message:s#4
  source:EventSource#5 firstTimestamp:t#6 lastTimestamp:t#7 count:i#8 type:s#9 eventTime:m#10
  series:EventSeries#11 action:s#12 related:ObjectReference#13^ reportingComponent:s#14
  reportingInstance:s#15
EventSource> component:s#1 host:s#2
EventSeries> count:i#1 lastObservedTime:m#2
Deployment> metadata:ObjectMeta#1 spec:DeploymentSpec#2 status:DeploymentStatus#3
DeploymentSpec> replicas:i#1=1 selector:LabelSelector#2!^ template:PodTemplateSpec#3!
  strategy:DeploymentStrategy#4~={} minReadySeconds:i#5 revisionHistoryLimit:i#6=10 paused:b#7
  progressDeadlineSeconds:i#9=600
LabelSelector> matchLabels:{s}#1 matchExpressions:[LabelSelectorRequirement]#2^
LabelSelectorRequirement> key:s#1! operator:s#2! values:[s]#3^
PodTemplateSpec> metadata:ObjectMeta#1 spec:PodSpec#2
DeploymentStrategy> type:s#1=RollingUpdate rollingUpdate:RollingUpdateDeployment#2
RollingUpdateDeployment> maxUnavailable:x#1=25% maxSurge:x#2=25%
DeploymentStatus> observedGeneration:l#1 replicas:i#2 updatedReplicas:i#3 availableReplicas:i#4
  unavailableReplicas:i#5 conditions:[DeploymentCondition]#6@type%type readyReplicas:i#7
  collisionCount:i#8 terminatingReplicas:i#9
DeploymentCondition> type:s#1! status:s#2! reason:s#4 message:s#5 lastUpdateTime:t#6
  lastTransitionTime:t#7
DaemonSet> metadata:ObjectMeta#1 spec:DaemonSetSpec#2 status:DaemonSetStatus#3
DaemonSetSpec> selector:LabelSelector#1!^ template:PodTemplateSpec#2!
  updateStrategy:DaemonSetUpdateStrategy#3={} minReadySeconds:i#4 revisionHistoryLimit:i#6=10
DaemonSetUpdateStrategy> type:s#1=RollingUpdate rollingUpdate:RollingUpdateDaemonSet#2
RollingUpdateDaemonSet> maxUnavailable:x#1=1 maxSurge:x#2=0
DaemonSetStatus> currentNumberScheduled:i#1! numberMisscheduled:i#2! desiredNumberScheduled:i#3!
  numberReady:i#4! observedGeneration:l#5 updatedNumberScheduled:i#6 numberAvailable:i#7
  numberUnavailable:i#8 collisionCount:i#9 conditions:[WorkloadCondition]#10@type%type
WorkloadCondition> type:s#1! status:s#2! lastTransitionTime:t#3 reason:s#4 message:s#5
ReplicaSet> metadata:ObjectMeta#1 spec:ReplicaSetSpec#2 status:ReplicaSetStatus#3
ReplicaSetSpec> replicas:i#1=1 selector:LabelSelector#2!^ template:PodTemplateSpec#3
  minReadySeconds:i#4
ReplicaSetStatus> replicas:i#1! fullyLabeledReplicas:i#2 observedGeneration:l#3 readyReplicas:i#4
  availableReplicas:i#5 conditions:[WorkloadCondition]#6@type%type terminatingReplicas:i#7
ControllerRevision> metadata:ObjectMeta#1 data:j#2 revision:l#3!
EndpointSlice> metadata:ObjectMeta#1 endpoints:[Endpoint]#2^ ports:[SlicePort]#3^ addressType:s#4!
Endpoint> addresses:[s]#1!+ conditions:EndpointConditions#2 hostname:s#3
  targetRef:ObjectReference#4^ deprecatedTopology:{s}#5 nodeName:s#6 zone:s#7 hints:EndpointHints#8
EndpointConditions> ready:b#1 serving:b#2 terminating:b#3
EndpointHints> forZones:[Named]#1^ forNodes:[Named]#2^
Named> name:s#1!
SlicePort> name:s#1="" protocol:s#2=TCP port:i#3 appProtocol:s#4
Lease> metadata:ObjectMeta#1 spec:LeaseSpec#2
LeaseSpec> holderIdentity:s#1 leaseDurationSeconds:i#2 acquireTime:m#3 renewTime:m#4
  leaseTransitions:i#5 strategy:s#6 preferredHolder:s#7
PodDisruptionBudget> metadata:ObjectMeta#1 spec:PodDisruptionBudgetSpec#2
  status:PodDisruptionBudgetStatus#3
PodDisruptionBudgetSpec> minAvailable:x#1 selector:LabelSelector#2^ maxUnavailable:x#3
  unhealthyPodEvictionPolicy:s#4
PodDisruptionBudgetStatus> observedGeneration:l#1 disruptedPods:{t}#2 disruptionsAllowed:i#3
  currentHealthy:i#4 desiredHealthy:i#5 expectedPods:i#6 conditions:[Condition]#7@type%type
Eviction> metadata:ObjectMeta#1 deleteOptions:DeleteOptions#2
DeleteOptions> gracePeriodSeconds:l#1 preconditions:Preconditions#2 orphanDependents:b#3
  propagationPolicy:s#4 dryRun:[s]#5^ ignoreStoreReadErrorWithClusterBreakingPotential:b#6
Preconditions> uid:s#1 resourceVersion:s#2
Role> metadata:ObjectMeta#1 rules:[PolicyRule]#2^
PolicyRule> verbs:[s]#1!^ apiGroups:[s]#2^ resources:[s]#3^ resourceNames:[s]#4^
  nonResourceURLs:[s]#5^
ClusterRole> metadata:ObjectMeta#1 rules:[PolicyRule]#2^ aggregationRule:AggregationRule#3
AggregationRule> clusterRoleSelectors:[LabelSelector]#1^
RoleBinding> metadata:ObjectMeta#1 subjects:[Subject]#2^ roleRef:RoleRef#3!^
Subject> kind:s#1! apiGroup:s#2 name:s#3! namespace:s#4
RoleRef> apiGroup:s#1 kind:s#2! name:s#3!
ClusterRoleBinding> metadata:ObjectMeta#1 subjects:[Subject]#2^ roleRef:RoleRef#3!^
ValidatingWebhookConfiguration> metadata:ObjectMeta#1 webhooks:[ValidatingWebhook]@name%name
ValidatingWebhook> name:s#1! clientConfig:WebhookClientConfig#2! rules:[RuleWithOperations]#3^
  failurePolicy:s#4=Fail namespaceSelector:LabelSelector#5^={} sideEffects:s#6!
  timeoutSeconds:i#7=10 admissionReviewVersions:[s]#8!^ matchPolicy:s#9=Equivalent
  objectSelector:LabelSelector#10^={} matchConditions:[MatchCondition]#11@name%name
WebhookClientConfig> service:ServiceReference#1 caBundle:y#2 url:s#3
ServiceReference> namespace:s#1! name:s#2! path:s#3 port:i#4=443
RuleWithOperations> operations:[s]#1^ apiGroups:[s]#2.1^ apiVersions:[s]#2.2^ resources:[s]#2.3^
  scope:s#2.4=*
MatchCondition> name:s#1! expression:s#2!
MutatingWebhookConfiguration> metadata:ObjectMeta#1 webhooks:[MutatingWebhook]@name%name
MutatingWebhook> name:s#1! clientConfig:WebhookClientConfig#2! rules:[RuleWithOperations]#3^
  failurePolicy:s#4=Fail namespaceSelector:LabelSelector#5^={} sideEffects:s#6!
  timeoutSeconds:i#7=10 admissionReviewVersions:[s]#8!^ matchPolicy:s#9=Equivalent
  reinvocationPolicy:s#10=Never objectSelector:LabelSelector#11^={}
  matchConditions:[MatchCondition]#12@name%name
CustomResourceDefinition> metadata:ObjectMeta#1 spec:CustomResourceDefinitionSpec#2!
  status:CustomResourceDefinitionStatus#3
CustomResourceDefinitionSpec> group:s#1! names:CustomResourceDefinitionNames#3! scope:s#4!
  versions:[CustomResourceDefinitionVersion]#7!^ conversion:CustomResourceConversion#9={}
  preserveUnknownFields:b#10
CustomResourceDefinitionNames> plural:s#1! singular:s#2 shortNames:[s]#3^ kind:s#4! listKind:s#5
  categories:[s]#6^
CustomResourceDefinitionVersion> name:s#1! served:b#2! storage:b#3! schema:j#4
  subresources:CustomResourceSubresources#5
  additionalPrinterColumns:[CustomResourceColumnDefinition]#6^ deprecated:b#7 deprecationWarning:s#8
  selectableFields:[SelectableField]#9^
CustomResourceSubresources> status:j#1 scale:CustomResourceSubresourceScale#2
CustomResourceSubresourceScale> specReplicasPath:s#1! statusReplicasPath:s#2! labelSelectorPath:s#3
CustomResourceColumnDefinition> name:s#1! type:s#2! format:s#3 description:s#4 priority:i#5
  jsonPath:s#6!
SelectableField> jsonPath:s#1!
CustomResourceConversion> strategy:s#1!=None webhook:WebhookConversion#2
WebhookConversion> clientConfig:CrdWebhookClientConfig#2 conversionReviewVersions:[s]#3!^
CrdWebhookClientConfig> service:CrdServiceReference#1 caBundle:y#2 url:s#3
CrdServiceReference> namespace:s#1! name:s#2! path:s#3 port:i#4
CustomResourceDefinitionStatus> conditions:[CustomResourceDefinitionCondition]#1%type
  acceptedNames:CustomResourceDefinitionNames#2 storedVersions:[s]#3^ observedGeneration:l#4
CustomResourceDefinitionCondition> type:s#1! status:s#2! lastTransitionTime:t#3 reason:s#4
  message:s#5 observedGeneration:l#6
EventsEvent> metadata:ObjectMeta#1 eventTime:m#2! series:EventsEventSeries#3 reportingController:s#4
  reportingInstance:s#5 action:s#6 reason:s#7 regarding:ObjectReference#8^
  related:ObjectReference#9^ note:s#10 type:s#11 deprecatedSource:EventSource#12
  deprecatedFirstTimestamp:t#13 deprecatedLastTimestamp:t#14 deprecatedCount:i#15
EventsEventSeries> count:i#1! lastObservedTime:m#2!
TokenRequest> metadata:ObjectMeta#1 spec:TokenRequestSpec#2
TokenRequestSpec> audiences:[s]#1^ boundObjectRef:BoundObjectReference#3 expirationSeconds:l#4
BoundObjectReference> kind:s#1 apiVersion:s#2 name:s#3 uid:s
TokenReview> metadata:ObjectMeta#1 spec:TokenReviewSpec#2!
TokenReviewSpec> token:s#1! audiences:[s]#2^
SelfSubjectReview> metadata:ObjectMeta#1
SubjectAccessReview> metadata:ObjectMeta#1 spec:SubjectAccessReviewSpec#2!
SubjectAccessReviewSpec> resourceAttributes:ResourceAttributes#1
  nonResourceAttributes:NonResourceAttributes#2 user:s#3 groups:[s]#4^ extra:{[s]}#5 uid:s#6
ResourceAttributes> namespace:s#1 verb:s#2 group:s#3 version:s#4 resource:s#5 subresource:s#6
  name:s#7
NonResourceAttributes> path:s#1 verb:s#2
SelfSubjectAccessReview> metadata:ObjectMeta#1 spec:SelfSubjectAccessReviewSpec#2!
SelfSubjectAccessReviewSpec> resourceAttributes:ResourceAttributes#1
  nonResourceAttributes:NonResourceAttributes#2
LocalSubjectAccessReview> metadata:ObjectMeta#1 spec:SubjectAccessReviewSpec#2!
SelfSubjectRulesReview> metadata:ObjectMeta#1 spec:SelfSubjectRulesReviewSpec#2!
SelfSubjectRulesReviewSpec> namespace:s#1
`;
