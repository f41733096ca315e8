/** Classes of the playbook and of log lines that a report tells under another name. */
const SAME_AS: Readonly<Record<string, string>> = {
  queueing: 'batch_cap_binding',
  cpu_threads_low: 'cpu_or_frontend_bound',
  cpu_oversubscribed: 'cpu_or_frontend_bound',
  compute_bound: 'prefill_bound',
  host_out_of_memory: 'weights_do_not_fit',
  unsupported_model: 'bad_flag_value',
  bad_install: 'driver_or_cuda_mismatch',
  gpu_fault: 'unsupported_gpu_or_kernel',
  no_capacity_queue: 'batch_cap_binding',
  executor_error: 'instance_unreachable',
};

/** The class by which a report names what the playbook or a log line calls `cls`. */
export const reportedClass = (cls: string): string => SAME_AS[cls] ?? cls;
