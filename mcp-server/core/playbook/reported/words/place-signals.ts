import { near, type Signal, signs, words } from './signal.ts';

/** How clouds, orchestrators and people say that a place could not be had or kept. Source: dstack, Kubernetes and cloud outcomes. */
export const PLACE_SIGNALS: readonly Signal[] = [
  ...words('no_capacity', [
    0.65,
    /(?:no|not enough|insufficient|lack of|without|zero) (?:\w+ )?(?:capacity|offers?|instances?|gpus?|quota|stock|availab|matching|fleet)|quota|out of (?:stock|capacity)|sold out|max[-_]price[^\n]{0,40}(?:low|below|under)/i,
  ]),
  ...signs('no_capacity', 'log', [
    0.7,
    /no[ _-](?:capacity|offers|fleets)|NoCapacityError|No matching instance|FAILED_TO_START_DUE_TO_NO_CAPACITY|Insufficient (?:cpu|memory|nvidia|gpu)|nodes are available|exceed.*quota|insufficient_capacity|capacity-not-available|not enough resources|STOCKOUT|out of stock|not available in|no longer any instances|(?:Vcpu|Instance|Gpu|SpotInstance)\w*(?:Limit|Count)Exceeded/i,
  ]),
  ...words('image_pull_failure', [
    0.7,
    /\b(?:images?|registry|docker ?hub|manifest|ghcr|ecr|nvcr|pull\w*)\b[^\n]{0,80}(?:fail|denied|unauthori|not found|rate limit|timeout|timed out|missing|cannot|too large|slow|error|unknown|auth)/i,
  ]),
  ...signs('image_pull_failure', 'log', [
    0.8,
    /Error response from daemon: (?:unauthorized|denied|forbidden|manifest|Get "?https?:)|pull access denied|ErrImagePull|ImagePullBackOff|manifest unknown|[Ff]ailed to pull|toomanyrequests|[Ee]rror pulling|pulling image.*(?:fail|error)|image .* not found|no basic auth|unauthorized.*(?:registry|docker|image)|layer does not exist|exec format error|unexpected EOF.*(?:layer|blob)|invalid reference format|error creating container/,
  ]),
  ...words('spot_interruption', [0.4, /\bspot\b|preemptible/i]),
  ...words('spot_interruption', [
    0.75,
    /(?:\bspot\b|preemptible)(?![^.;\n]{0,30}\b(?:quota|limit|offers?|polic))[^.;\n]{0,80}(?:\bgone\b|lost|taken|took|terminat|interrupt|stopp?|kill|reclaim|disappear|vanish|dies|died|shut|away|lasts?|every \w+ hours?)|reclaim|interrupted by|evict(?:ed|ion)? (?:by|from) (?:the )?(?:cloud|provider|node)|instance (?:was )?(?:preempted|taken|terminated by)/i,
  ]),
  ...signs('spot_interruption', 'log', [
    0.75,
    /INTERRUPTED_BY_NO_CAPACITY|interrupted_by_no_capacity|(?<!Max )[Ss]pot (?:instance|interruption|request)(?! (?:count|limit|quota))|[Pp]reempt(?:ed|ible)\b.*(?:instance|node|VM|vm)|instance-terminated-no-capacity|marked for (?:termination|stop)|rebalance recommendation|instance.*preempted/,
  ]),
  // Somebody else pays more for an interruptible machine. Source: own reasoning over marketplaces that auction them.
  ...signs('spot_interruption', 'any', [0.85, /\boutbid\b/i]),
  // A row of SkyServe's table of replicas. Source: skypilot sky/serve/serve_state.py.
  ...signs('spot_interruption', 'log', [0.85, /^\S+ +\d+ +[^\n]*\bPREEMPTED\b/m]),
  // What the metadata services of AWS, GCP and Azure answer when a machine is about to be taken.
  ...signs('spot_interruption', 'log', [
    0.85,
    /"action": ?"(?:terminate|stop|hibernate)", ?"time": ?"|metadata\/instance\/preempted\S*\s+TRUE\b|"EventType": ?"Preempt"/,
  ]),
  ...words('instance_unreachable', [
    0.65,
    /\b(?:instances?|hosts?|nodes?|vms?|server|shim|runner|ssh|tunnel)\b[^\n]{0,60}(?:unreachable|not reachable|no (?:response|connection)|lost|disconnect|refus|timed? ?out|stuck|never (?:came|starts|became)|cannot (?:be )?(?:connect|reach)|firewall|\bkeys?\b)/i,
  ]),
  ...words('instance_unreachable', [
    0.5,
    /\b(?:boots?|booting|comes? up|starting)\b[^\n]{0,60}\d+ ?min\w*[^\n]{0,120}(?:gives? up|gave up|timeouts?|times? out|ends?|terminat)|(?:tcp|port) ?forwarding (?:is )?(?:no|off|forbidden|disabled)/i,
  ]),
  ...signs('instance_unreachable', 'log', [
    0.75,
    /INSTANCE_UNREACHABLE|instance_unreachable|[Uu]nreachable|SSH\s+connection to|ssh: connect|Connection (?:refused|timed out|closed by remote|reset).*(?:22|ssh|shim|runner)|No route to host|[Ss]him|waiting_runner_limit|waiting_instance_limit|WAITING_(?:RUNNER|INSTANCE)_LIMIT|kex_exchange|Permission denied \(publickey|provisioning timed? ?out|runner.*(?:timeout|not responding)|failed to (?:connect|ssh)|SSHError|SSH tunnel|has not started in \d+|GATEWAY_ERROR|Gateway is not (?:working|ready|reachable)/,
  ]),
  ...words('port_conflict', [
    0.65,
    near(
      '\\b(?:second|another|other|several|both|two|multiple|all)\\b[^.\\n]{0,60}(?:servers?|instances?|serves?|process(?:es)?|models?|terminals?|of them)',
      'still (?:answers?|serves?|shows?|reaches)|answers? (?:with|from|as) the (?:first|old|other|wrong)|at random|randomly|from (?:one or the other|either)|(?:model|name) does not exist',
    ),
  ]),
  ...words('disk_full', [
    0.65,
    /(?:disk|storage|volume|root fs|filesystem|space|ephemeral)[^.\n]{0,50}(?:full|ran out|exhaust|no space|out of space|too small|left|exceed)/i,
  ]),
  ...signs('disk_full', 'any', [0.7, /[Nn]o space left on device|ENOSPC|DiskPressure/]),
  ...signs('port_conflict', 'any', [
    0.7,
    /ports? (?:binding )?(?:failed|conflict|is already allocated)|address already in use|PORTS_BINDING_FAILED/i,
  ]),
];
