"""The public names of PyTorch that are not here, and what to do instead; read only when one of them is asked for.

``NOT_HERE`` is the one list of them: by the place where users find the name (``""`` is the package itself), then by
reason. A reason completes the sentence "tg.name: not here; …".
"""

from __future__ import annotations

from functools import cache

_PROCESSES = "one process computes, on NumPy's threads: leave it out"
_ONE_DEVICE = "tensors live in the memory of the CPU, or of one GPU as CuPy's arrays: leave it out"
_SPARSE = "tensors are dense: use tg.zeros and indexing, or a scipy.sparse matrix outside the graph"
_QUANTIZED = "tensors hold plain numbers: use tg.float16, or integers and a scale of your own"
_COMPILED = "Python itself runs your program: leave it out"
_INTERNAL = "it is PyTorch's own machinery, which nothing here needs"
_WIDTH = "NumPy has no such dtype: use tg.float32, or tg.float16"
_NARROW = "NumPy has no integers of that width: use tg.int8 or tg.uint8"
_TORCHSCRIPT = "Python itself runs your program: call the function or the model directly"
_AUTOCAST = "compute in tg.float32: leave it out"
_GONE = "PyTorch itself has removed it or let it age: see its documentation for what replaced it"

# Packages behind an underscore, which are in no table of PyTorch's names and in programs all the same.
BEHIND = {
    "_dynamo": "tg.compile has no settings beside its own arguments: leave it out",
    "_functorch": "tg.func has functional_call and the transforms",
    "_inductor": "tg.compile has no settings beside its own arguments: leave it out",
}
NOT_HERE: dict[str, dict[str, str]] = {
    "": {
        "one process computes: run the script once, without wrapping the model": "futures multiprocessing",
        "tg.func and plain Python do it: call your function directly": "export fx package",
        "time it with tg.profiler.profile": "monitor ThroughputBenchmark",
        "the default stream has functions: tg.manual_seed, tg.get_rng_state": "default_generator",
        "use a mask and tg.where": "masked",
        "pad to one length with tg.nn.utils.rnn.pad_sequence": "nested jagged",
        _ONE_DEVICE: (
            "cpu mtia Stream StreamObjType Event AcceleratorError OutOfMemoryError get_device_module is_distributed "
            "is_vulkan_available cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution "
            "cudnn_convolution_add_relu cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler "
            "cudnn_is_acceptable miopen_batch_norm miopen_convolution miopen_convolution_add_relu "
            "miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution "
            "miopen_rnn"
        ),
        _SPARSE: (
            "sparse sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor sparse_compressed_tensor sparse_coo "
            "sparse_coo_tensor sparse_csc sparse_csc_tensor sparse_csr sparse_csr_tensor smm sspaddmm spmm hspmm hsmm "
            "dsmm saddmm resize_as_sparse_ ccol_indices_copy col_indices_copy crow_indices_copy row_indices_copy "
            "indices_copy values_copy"
        ),
        _QUANTIZED: (
            "ao quantization qint8 qint32 quint8 quint4x2 quint2x4 qscheme per_tensor_affine per_channel_affine "
            "per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams quantize_per_tensor "
            "quantize_per_tensor_dynamic quantize_per_channel dequantize int_repr q_scale q_zero_point "
            "q_per_channel_axis q_per_channel_scales q_per_channel_zero_points empty_quantized "
            "fake_quantize_per_tensor_affine fake_quantize_per_channel_affine fused_moving_avg_obs_fake_quant "
            "choose_qparams_optimized quantized_batch_norm quantized_gru quantized_gru_cell quantized_lstm "
            "quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d "
            "quantized_rnn_relu_cell quantized_rnn_tanh_cell QInt32Storage QInt8Storage QUInt2x4Storage "
            "QUInt4x2Storage QUInt8Storage fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation "
            "fbgemm_linear_int8_weight fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight "
            "fbgemm_pack_gemm_matrix_fp16 fbgemm_pack_quantized_matrix"
        ),
        _WIDTH: (
            "BFloat16Tensor BFloat16Storage complex32 chalf float8_e4m3fn float8_e4m3fnuz float8_e5m2 "
            "float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2"
        ),
        _NARROW: (
            "int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7 bit bits8 bits16 bits1x8 "
            "bits2x4 bits4x2"
        ),
        "what inference_mode makes is ordinary: tg.is_inference_mode_enabled() asks for the mode": "is_inference",
        _AUTOCAST: (
            "autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache get_autocast_cpu_dtype "
            "get_autocast_dtype get_autocast_gpu_dtype get_autocast_ipu_dtype get_autocast_xla_dtype "
            "is_autocast_cache_enabled is_autocast_cpu_enabled is_autocast_ipu_enabled "
            "is_autocast_xla_enabled set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled "
            "set_autocast_dtype set_autocast_enabled set_autocast_gpu_dtype set_autocast_ipu_dtype "
            "set_autocast_ipu_enabled set_autocast_xla_dtype set_autocast_xla_enabled"
        ),
        "use the function of tg.nn.functional, which takes the reduction by name": (
            "binary_cross_entropy_with_logits cosine_embedding_loss ctc_loss embedding_bag hinge_embedding_loss kl_div "
            "margin_ranking_loss poisson_nll_loss triplet_margin_loss"
        ),
        "use the layer: tg.nn.LSTM, tg.nn.GRU, tg.nn.RNN and their cells": (
            "lstm lstm_cell gru gru_cell rnn_tanh rnn_tanh_cell rnn_relu rnn_relu_cell"
        ),
        "write Python's if and while, which are recorded as they run": "cond while_loop",
        "use scipy.sparse.linalg.lobpcg, or tg.linalg.eigh": "lobpcg",
        "t.storage() shows the memory of a tensor; make one with tg.tensor": (
            "BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage DoubleStorage FloatStorage "
            "HalfStorage IntStorage LongStorage ShortStorage Storage StorageBase"
        ),
        "use tg.channel_shuffle": "native_channel_shuffle",
        "use scipy.stats.qmc.Sobol, and tg.tensor": "quasirandom",
        _TORCHSCRIPT: (
            "AliasDb AnyType Argument ArgumentSpec AwaitType BenchmarkConfig BenchmarkExecutionStats Block BoolType "
            "BufferDict CallStack Capsule ClassType Code CompilationUnit CompleteArgumentSpec ComplexType "
            "ConcreteModuleType ConcreteModuleTypeBuilder DeepCopyMemoTable DeserializationStorageContext "
            "DeviceObjType DictType EnumType ErrorReport ExecutionPlan FileCheck FloatType FunctionSchema Future "
            "FutureType Gradient Graph GraphExecutorState IODescriptor InferredType IntType InterfaceType JITException "
            "ListType LiteScriptModule LockingLogger LoggerBase ModuleDict Node NoneType NoopLogger NumberType "
            "OperatorInfo OptionalType ParameterDict PyObjectType PyTorchFileReader PyTorchFileWriter RRefType "
            "ScriptClass ScriptClassFunction ScriptDict ScriptDictIterator ScriptDictKeyIterator ScriptFunction "
            "ScriptList ScriptListIterator ScriptMethod ScriptModule ScriptModuleSerializer ScriptObject "
            "ScriptObjectProperty SerializationStorageContext StaticModule StringType SymBoolType SymIntType "
            "TensorType TracingState TupleType Type UnionType Use Value fork wait import_ir_module "
            "import_ir_module_from_buffer merge_type_from_type_comment parse_ir parse_schema parse_type_comment "
            "unify_type_list"
        ),
        _INTERNAL: (
            "library overrides classes cpp DispatchKey DispatchKeySet ExcludeDispatchKeyGuard DisableTorchFunction "
            "DisableTorchFunctionSubclass Tag SymInt SymFloat SymBool sym_constrain_range sym_constrain_range_for_size "
            "sym_float sym_fresh_size sym_int sym_ite sym_max sym_min sym_not sym_sqrt sym_sum AVG SUM AggregationType "
            "FatalError PRIVATE_OPS USE_GLOBAL_DEPS USE_RTLD_GLOBAL_WITH_LIBTORCH classproperty "
            "compiled_with_cxx11_abi get_file_path init_num_threads prepare_multiprocessing_environment "
            "profiler_allow_cudagraph_cupti_lazy_reinit_cuda12 return_types serialization torch_version "
            "windows thread_safe_generator hash_tensor slice_inverse is_storage batch_norm_backward_elemt "
            "batch_norm_backward_reduce batch_norm_elemt batch_norm_gather_stats batch_norm_gather_stats_with_counts "
            "batch_norm_stats batch_norm_update_stats convolution native_batch_norm native_dropout native_group_norm "
            "native_layer_norm native_norm mkldnn_adaptive_avg_pool2d mkldnn_convolution "
            "mkldnn_linear_backward_weights mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_rnn_layer"
        ),
        _GONE: (
            "eig symeig lstsq solve matrix_rank legacy_contiguous_format set_anomaly_enabled "
            "is_anomaly_check_nan_enabled storage"
        ),
    },
    "Tensor": {
        _ONE_DEVICE: (
            "ipu mtia xpu is_vulkan record_stream pin_memory is_pinned share_memory_ is_shared is_distributed"
        ),
        _SPARSE: (
            "coalesce is_coalesced indices values crow_indices col_indices ccol_indices row_indices dense_dim "
            "sparse_dim sparse_mask sparse_resize_ sparse_resize_and_clear_ resize_as_sparse_ smm sspaddmm to_sparse "
            "to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr"
        ),
        _QUANTIZED: (
            "dequantize int_repr q_scale q_zero_point q_per_channel_axis q_per_channel_scales "
            "q_per_channel_zero_points qscheme"
        ),
        _WIDTH: "bfloat16 chalf",
        "pad to one length with tg.nn.utils.rnn.pad_sequence": "to_padded_tensor",
        "assign the memory of another tensor: t.data = other": "set_ is_set_to",
        "ask for the dtype and the strides: t.dtype, t.stride()": "storage_type dim_order",
        "what inference_mode makes is ordinary: tg.is_inference_mode_enabled() asks for the mode": "is_inference",
        _INTERNAL: "to_mkldnn module_load const_data_ptr output_nr hash_tensor slice_inverse grad_dtype",
        _GONE: "eig symeig lstsq solve reinforce resize resize_as volatile",
    },
    "nn.Module": {
        "write model = tg.compile(model)": "compile",
        "a module is made with its parameters in memory: leave it out": "to_empty",
        _ONE_DEVICE: "ipu mtia xpu",
        _WIDTH: "bfloat16",
        _INTERNAL: "T_destination call_super_init",
        _GONE: "dump_patches",
    },
    "nn": {
        "a lazy layer makes its buffers when it knows their size: use tg.zeros": "UninitializedBuffer",
        "use LocalResponseNorm (the older layer never lets go of the first channel)": "CrossMapLRN2d",
        _QUANTIZED: "intrinsic qat quantizable quantized",
        _INTERNAL: "LinearCrossEntropyOptions factory_kwargs",
        _GONE: "Container NLLLoss2d",
    },
    "nn.functional": {
        _QUANTIZED: "grouped_mm scaled_mm scaled_grouped_mm ScalingType SwizzleType",
        "use tg.autograd.grad": "grad",
        "use channel_shuffle": "native_channel_shuffle",
        _INTERNAL: (
            "boolean_dispatch handle_torch_function has_torch_function has_torch_function_unary "
            "has_torch_function_variadic assert_int_or_pair BroadcastingList1 BroadcastingList2 BroadcastingList3 "
            "DType GRID_SAMPLE_INTERPOLATION_MODES GRID_SAMPLE_PADDING_MODES reproducibility_notes "
            "sparse_support_notes tf32_notes"
        ),
    },
    "nn.utils": {
        "the function that writes in place has the name with an underscore behind it": "clip_grad_norm",
        "arrays lie in memory as NumPy has them: leave it out": (
            "convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format memory_format"
        ),
        "use tg.func.functional_call": "stateless",
    },
    "nn.utils.rnn": {_INTERNAL: "PackedSequence_ bind copy_method_params"},
    "cuda": {
        _ONE_DEVICE: (
            "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor "
            "ShortTensor CUDAGraph MemPool ExternalStream StreamContext default_generators default_stream device "
            "device_of get_per_process_memory_fraction graph graph_pool_handle graphs make_graphed_callables memory "
            "memory_snapshot memory_stats memory_usage nccl nvtx can_device_access_peer "
            "set_per_process_memory_fraction set_stream stream streams utilization temperature power_draw profiler "
            "OutOfMemoryError AcceleratorError is_tf32_supported"
        ),
    },
    "distributions": {
        "use MultivariateNormal with the whole covariance": (
            "LowRankMultivariateNormal lowrank_multivariate_normal"
        ),
        "draw the matrix with numpy.random, and write the density with tg.* functions": (
            "LKJCholesky Wishart lkj_cholesky wishart"
        ),
        "write the density with tg.* functions, and draw with tg.rand": (
            "ContinuousBernoulli GeneralizedPareto Kumaraswamy continuous_bernoulli generalized_pareto kumaraswamy"
        ),
        "use TransformedDistribution of Normal with StickBreakingTransform": "LogisticNormal logistic_normal",
        "derive from Distribution": "ExponentialFamily exp_family",
        "write the transform that fits the constraint": "biject_to transform_to constraint_registry",
        "write a Transform of your own": (
            "CatTransform CorrCholeskyTransform CumulativeDistributionTransform LowerCholeskyTransform "
            "PositiveDefiniteTransform StackTransform"
        ),
    },
    "compiler": {
        "what a program cannot hold is refused by name: call it outside the function that is compiled": (
            "disable allow_in_graph assume_constant_result substitute_in_graph set_stance nested_compile_region "
            "wrap_numpy"
        ),
        "ask is_compiling": "is_dynamo_compiling is_exporting",
        "give compile a backend, 'numpy' or 'c'": "list_backends get_default_backend set_default_backend",
        "programs are those of one compiled function, which forgets them with itself: leave it out": (
            "reset cudagraph_mark_step_begin save_cache_artifacts load_cache_artifacts load_compiled_function config"
        ),
    },
    "jit": {
        "Python itself runs your program: save its state dict with tg.save, load it with tg.load": (
            "load save freeze ScriptModule ScriptFunction RecursiveScriptModule"
        ),
    },
    "linalg": {_INTERNAL: "common_notes"},
    "special": {_INTERNAL: "common_args multi_dim_common"},
    "fft": {_INTERNAL: "common_args factory_common_args"},
    "optim": {
        "gradients are dense: use tg.optim.Adam": "SparseAdam",
        "it computes in bfloat16, which NumPy does not have: use tg.optim.AdamW": "Muon",
        _INTERNAL: "swap_in_optimizer_params_and_state",
    },
    "optim.lr_scheduler": {
        "it is tg.optim.Optimizer": "Optimizer",
        _INTERNAL: "EPOCH_DEPRECATION_WARNING inf",
    },
    "autograd": {
        "time it with tg.profiler.profile": (
            "profiler_legacy profiler_util ProfilerActivity DeviceType ProfilerConfig ProfilerEvent "
            "ProfilerState kineto_available"
        ),
        "a thread of your own may call backward: leave it out": "set_multithreading_enabled is_multithreading_enabled",
        _INTERNAL: (
            "NestedIOFunction SavedTensor enforce_grad_layout_policy handle_torch_function has_torch_function "
            "is_tensor_like is_view_replay_enabled"
        ),
    },
    "autograd.graph": {
        "give the tensor itself": "GradientEdge get_gradient_edge",
        "register a hook of each tensor: t.register_hook": "register_multi_grad_hook",
        "give the op a copy: t.clone()": "allow_mutation_on_saved_tensors",
    },
    "profiler": {
        "write the events with p.export_chrome_trace(path)": "tensorboard_trace_handler ExecutionTraceObserver",
        _ONE_DEVICE: "DeviceType itt kineto_available",
    },
    "distributed": {
        "use all_reduce, all_gather or broadcast": (
            "reduce gather scatter reduce_scatter all_to_all all_to_all_single all_gather_into_tensor "
            "reduce_scatter_tensor reduce_scatter_single send recv isend irecv batch_isend_irecv P2POp "
            "all_gather_single all_gather_coalesced all_reduce_coalesced AllToAllOptions "
            "AllreduceCoalescedOptions AllreduceOptions BarrierOptions BroadcastOptions GatherOptions ReduceOptions "
            "ReduceScatterOptions ScatterOptions"
        ),
        "the gradients travel in DistributedDataParallel, every process has the whole model": (
            "rpc autograd algorithms optim tensor pipelining device_mesh DeviceMesh init_device_mesh "
            "remote_device checkpoint elastic run fsdp GradBucket BuiltinCommHookType Reducer Logger"
        ),
        "one MPI carries everything, and init finds it: leave it out": (
            "get_backend get_backend_config get_default_backend_for_device is_backend_available is_gloo_available "
            "is_mpi_available is_nccl_available is_ucc_available is_xccl_available is_torchelastic_launched "
            "BackendConfig ProcessGroupGloo rendezvous register_rendezvous_handler "
            "default_pg_timeout supports_complex"
        ),
        "give ReduceOp": "reduce_op",
        _INTERNAL: "argparse_util c10d_logger config constants distributed_c10d launcher logging_handlers utils",
        "errors are DistError": "DistBackendError DistNetworkError DistStoreError QueueEmptyError",
        "errors say which rank and which call: read them": (
            "DebugLevel get_debug_level set_debug_level set_debug_level_from_env breakpoint record_comm"
        ),
        "objects would be pickled, and reading a pickle can run code: send tensors": (
            "all_gather_object broadcast_object_list gather_object scatter_object_list send_object_list "
            "recv_object_list"
        ),
        "there is one group, of all processes: leave group out": (
            "new_group new_subgroups new_subgroups_by_enumeration GroupMember GroupName split_group "
            "shrink_group get_global_rank get_group_rank get_node_local_rank get_pg_count get_process_group_ranks"
        ),
        "MPI knows where the others are: leave it out": "Store TCPStore FileStore HashStore PrefixStore Backend",
        "use barrier, which does not wait for ever": "monitored_barrier",
    },
    "func": {
        "functions here are called as they are: leave it out": "functionalize debug_unwrap rearrange",
    },
    "hub": {"give tg.load the path of your file": "get_dir set_dir"},
    "utils": {
        "time it with tg.utils.benchmark.Timer": "ThroughputBenchmark bottleneck",
        "plot with matplotlib, or write your numbers to a file": "tensorboard",
        "write NumPy, or C called through ctypes": "cpp_extension",
        "count from the sizes of your layers": "flop_counter",
        "print sys.version, numpy.__version__ and tg.__version__": "collect_env",
        _INTERNAL: "weak backend_registration deterministic throughput_benchmark",
    },
    "data": {
        "use Dataset or IterableDataset": (
            "datapipes DataChunk DFIterDataPipe IterDataPipe MapDataPipe functional_datapipe graph graph_settings "
            "guaranteed_datapipes_determinism non_deterministic argument_validation runtime_validation "
            "runtime_validation_disabled"
        ),
    },
}  # fmt: skip


@cache
def reasons(place: str) -> dict[str, str]:
    """The names that are not in ``place`` (``""``, ``"Tensor"``, ``"nn.functional"``, …), each with its reason."""
    return {name: reason for reason, names in NOT_HERE.get(place, {}).items() for name in names.split()}


def missing(place: str, name: str) -> AttributeError:
    """The error for a name that ``place`` does not have: with what to do instead where PyTorch has the name.

    >>> missing("nn.functional", "grad")
    AttributeError('tg.nn.functional.grad: not here; use tg.autograd.grad')
    >>> missing("nn", "Liner")
    AttributeError("module 'tinygrad_bp.nn' has no attribute 'Liner'")
    """
    reason = reasons(place).get(name) or (None if place else BEHIND.get(name))
    if reason is not None:
        # With a name and no object Python has nothing to suggest: "Did you mean" would lead astray.
        said = "Tensor" if place == "Tensor" else ".".join(filter(None, ("tg", place)))
        return AttributeError(f"{said}.{name}: not here; {reason}", name=name)
    if place == "Tensor":
        return AttributeError(f"'Tensor' object has no attribute {name!r}")
    return AttributeError(f"module {'.'.join(filter(None, ('tinygrad_bp', place)))!r} has no attribute {name!r}")
