import { cause, fatal, type LogPattern, symptom } from '../log-pattern.ts';

/**
 * Texts of argparse, Hugging Face Hub, transformers, the operating system and Python servers.
 * Source: CPython argparse, huggingface_hub, safetensors, transformers, uvicorn messages.
 */
export const ENVIRONMENT_PATTERNS: readonly LogPattern[] = [
  fatal('bad_flag_unknown', /error: unrecognized arguments: (?<flag>.+)$/),
  fatal(
    'bad_flag_unknown',
    /error: (?:ambiguous option|no such option|unknown argument|invalid argument|unexpected argument):? '?(?<flag>-[^\s']+)/i,
  ),
  fatal(
    'bad_flag_value',
    /error: argument (?<flag>[^:]+): invalid choice: (?<value>.+?)(?: \(choose from (?<choices>.*)\))?$/,
  ),
  fatal(
    'bad_flag_value',
    /error: argument (?<flag>[^:]+): (?:expected|invalid \w+ value|Value .* cannot be converted)(?<value>.*)$/,
  ),
  fatal(
    'bad_flag_combination',
    /error: argument (?<flag>[^:]+): not allowed with argument (?<other>.+)$/,
  ),
  fatal('bad_flag_combination', /error: the following arguments are required: (?<flag>.+)$/),
  fatal(
    'disk_full',
    /(?:No space left on device|OSError: \[Errno 28\]|disk quota exceeded|Not enough free disk space to download|DiskPressure|low on resource: ephemeral-storage|exceeds? (?:its )?local ephemeral.storage|ephemeral local storage usage exceeds|Usage of EmptyDir volume "(?!d?shm|shared)[^"]+" exceeds)/i,
  ),
  fatal(
    'model_download_or_auth',
    /(?:failed to get manifest at|HTTPLIB failed|ProxyError: HTTPS?ConnectionPool|Max retries exceeded with url|access a gated repo|ReadTimeoutError: .*(?:huggingface|hf\.co)|GatedRepoError|RepositoryNotFoundError|RevisionNotFoundError|EntryNotFoundError|LocalEntryNotFoundError|Cannot access gated repo|401 Client Error|403 Client Error|404 Client Error.*huggingface|429 Client Error|Invalid (?:user )?token|Invalid credentials in Authorization header|is not a (?:local folder and is not a )?valid model identifier|HFValidationError:|Error no file named \S+\.(?:safetensors|bin)|SSLError|CERTIFICATE_VERIFY_FAILED|modelscope\S*\.(?:NotExistError|HTTPError)|when calling the (?:HeadObject|GetObject|ListObjects\w*) operation|File reconstruction error|Unable to locate credentials|Repo id must (?:be in the form|use alphanumeric)|Can't load (?:the configuration|tokenizer|config) (?:of|for)|couldn't connect to '?https:\/\/huggingface\.co|HfHubHTTPError|MaxRetryError.*huggingface|Name or service not known|Temporary failure in name resolution|IncompleteRead|Consistency check failed: file should be|Connection error, and we cannot find the requested files|CAS service error|httpx\.ConnectError|OfflineModeIsEnabled|Permission denied: '[^']*(?:huggingface|\/\.cache|\/hub\/|models--))/,
  ),
  fatal(
    'model_download_or_auth',
    /(?:SafetensorError: Error while deserializing header|invalid header length|incomplete metadata, file not fully covered|Cannot find any model weights with|No supported config format found|Error retrieving file list|Failed to load the model config|no such file or directory.*(?:safetensors|gguf)|failed to open .*\.gguf|does not appear to have a file named|No such file or directory.*config\.json|Invalid repository ID or local directory)/i,
  ),
  fatal(
    'port_conflict',
    /(?:\[Errno 98\]|\[Errno 48\]|[Aa]ddress already in use|Only one usage of each socket address|WinError 10048|EADDRINUSE|couldn't bind to server socket|couldn't bind HTTP server socket|port is already allocated|port \d+ is (?:already )?(?:in use|not available))/,
  ),
  fatal(
    'tokenizer_or_template',
    /(?:to build an AutoTokenizer|Unsupported tokenizer|Failed to load (?:the )?tokenizer|install (?:sentencepiece|tiktoken|protobuf)|convert a slow tokenizer|get_spm_processor|tokenizer\.Load\(|'\w*Tokenizer\w*' object has no attribute '(?!quant|weight)|all_special_tokens_extended|cannot use chat template|supplied chat template is not supported|chat template .*(?:not|no longer) |no chat template|does not (?:have|define) a chat template|TemplateSyntaxError|jinja2\.exceptions|Couldn't instantiate the backend tokenizer|Unrecognized (?:tokenizer|processing) class|Tokenizer class \S+ does not exist|data did not match any variant of untagged enum|Conversation roles must alternate|Token id \d+ is out of vocabulary|Unable to load vocabulary|requires the (?:protobuf|sentencepiece|tiktoken) library|has no attribute 'all_special_tokens_extended'|^AttributeError: 'list' object has no attribute 'keys'$|^TypeError: Can only get item pairs from a mapping|^TypeError: not a string$)/i,
  ),
  fatal(
    'unsupported_model',
    /(?:Model architectures? .* (?:are|is) not supported|does not recognize this architecture|Unsupported architectures?|KeyError: 'model\.layers(?![^']*(?:scale|qweight|qzeros|g_idx|weight_packed|absmax))|is not supported for now|No model type set in the config|unknown model architecture: '?(?<architecture>[\w-]+))/,
  ),
  fatal(
    'bad_flag_combination',
    /requires you to execute the configuration file|[Pp]lease pass the (?:argument|option) `?trust_remote_code=True|contains custom code which must be executed/,
  ),
  fatal(
    'bad_install',
    /^(?:ModuleNotFoundError|ImportError): |command not found$|sh: (?:(?:line )?\d+: )?\S+: not found$|No module named |Ninja is required to load C\+\+ extensions|No such file or directory: 'ninja'|module '(?:sgl_kernel|flashinfer|deep_gemm|deep_ep|triton)[\w.]*' has no attribute/,
  ),
  fatal(
    'host_out_of_memory',
    /(?:^Killed$|has terminated: signal: killed|by (?:the )?OOM killer|Out of memory: Killed process|oom-kill|due to the node running low on memory|OOMKilled|Cannot allocate memory|\bbad_alloc\b|exit(?:ed)? (?:with )?(?:code|status) 137|exit code: -9|signal 9|MemoryError$|DefaultCPUAllocator: (?:not enough|can't allocate) memory)/,
  ),
  fatal(
    'hang_watchdog',
    /Server couldn't get a response from (?:detokenizer|scheduler)|No heartbeat received from|Heartbeat monitor timed out!|heartbeat monitor.* (?:stuck|timed out)/,
  ),
  symptom('health_check_failed', /Health check failed|health check (?:timed out|failed)/),
  symptom(
    'process_exit',
    /(?:SIGQUIT received|SIGTERM received|[Ss]ubprocess .* crashed with exit code|Segmentation fault|core dumped|exited with (?:non-zero )?code \d+)/,
  ),
  // Source: llama.cpp common/chat.cpp: the server goes on with another template, or without tools.
  cause(
    'tokenizer_or_template',
    /(?:tools|tool_choice) param requires --jinja|failed to parse chat template|Unable to generate parser for this template/,
  ),
  cause('cpu_or_frontend_bound', /[Uu]sing a slow tokenizer/),
];
