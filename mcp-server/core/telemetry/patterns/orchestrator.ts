import { fatal, type LogPattern, note } from '../log-pattern.ts';

/**
 * Outcomes that dstack, container runtimes and clouds tell. Source: dstack 0.20-0.22 termination reasons and run
 * statuses, containerd and kubelet events, OpenStack Nova's scheduler,
 * SkyPilot jobs/controller.py and serve/replica_managers.py, Cloud Run quotas.
 */
export const ORCHESTRATOR_PATTERNS: readonly LogPattern[] = [
  fatal(
    'no_capacity',
    /(?:failed_to_start_due_to_no_capacity|FAILED_TO_START_DUE_TO_NO_CAPACITY|[Nn]o (?:matching |available )?(?:offers|capacity|instances? available)|InsufficientInstanceCapacity|No valid host was found|NoValidHost|ZONE_RESOURCE_POOL_EXHAUSTED|QUOTA_EXCEEDED|[Qq]uota .*exceeded|No fleets found|no matching fleets?|Insufficient nvidia\.com\/gpu|Unschedulable|didn't match Pod's node affinity|SkuNotAvailable|VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|ZonalAllocationFailed|AllocationFailed|OverconstrainedAllocationRequest|GPUS_ALL_REGIONS|does not have enough resources available|Insufficient capacity|insufficient capacity|nodes are available: .*Insufficient|out of (?:host )?capacity|no longer any instances available|is currently unavailable in the \S+ zone|NOT_ENOUGH_RESOURCES|insufficient-capacity|no_such_ask|Failed to acquire resources in|ResourcesUnavailableError|No resource satisfying|All provisioning attempts failed|tried \d+ of \d+ offers, all failed|There is no more capacity in|MaxFleetCountExceeded|Quota violated:|requesting an increase in quota)/,
  ),
  fatal(
    'image_pull_failure',
    /(?:(?:GET|HEAD) https?:\/\/\S+\/v2\/\S+: unexpected status code 4\d\d|Error response from daemon: (?:Get|Head) "?https:\/\/[^"\s]*\/v2\/|429 Too Many Requests|denied: denied|ErrImagePull|Back-off pulling image|error pulling image configuration|ImagePullBackOff|[Ff]ailed to pull image|pull access denied|manifest (?:unknown|for .* not found)|toomanyrequests|unauthorized: authentication required|no basic auth credentials|no matching manifest for|failed to (?:register layer|resolve reference)|invalid reference format|creating_container_error|CREATING_CONTAINER_ERROR)/,
  ),
  fatal(
    'spot_interruption',
    /(?:interrupted_by_no_capacity|INTERRUPTED_BY_NO_CAPACITY|[Ss]pot (?:instance )?(?:was )?(?:interrupt|preempt|terminat|reclaim)|instance was preempted|compute\.instances\.preempted|BidEvictedEvent|(?:Cluster|Replica \d+) is preempted\b|SpotInstance(?:Termination|Interruption))/,
  ),
  fatal(
    'instance_unreachable',
    /(?:instance_unreachable|INSTANCE_UNREACHABLE|waiting_instance_limit_exceeded|WAITING_INSTANCE_LIMIT_EXCEEDED|waiting_runner_limit_exceeded|WAITING_RUNNER_LIMIT_EXCEEDED|[Ii]nstance is unreachable|ssh: connect to host .*(?:timed out|refused|No route)|Permission denied \(publickey|[Ss]him .*(?:not available|unreachable|timed out)|[Cc]annot connect to the (?:shim|runner)|Failed to (?:connect|establish) .*ssh|gateway.*unreachable|Gateway is not (?:working|ready|reachable)|kex_exchange_identification|SSHError|SSH tunnel failed|failed to register service replica|[Ii]nstance \S+ has not started in|Failed to start instance \S+ in \d+ seconds|Provisioning instance \S+ could not be completed)/,
  ),
  fatal(
    'executor_error',
    /(?:executor_error|EXECUTOR_ERROR|ports_binding_failed|PORTS_BINDING_FAILED|[Pp]orts binding failed)/,
  ),
  fatal(
    'deadline',
    /(?:max_duration_exceeded|MAX_DURATION_EXCEEDED|inactivity_duration_exceeded|INACTIVITY_DURATION_EXCEEDED)/,
  ),
  note(
    'container_exit',
    /(?:container_exited_with_error|CONTAINER_EXITED_WITH_ERROR|exit status (?<code>\d+))/,
  ),
];
