"""Pruned weights: masks, names, hooks, and the numbers that PyTorch gives."""

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, IndexRangeError, ShapeError

nn, prune = tg.nn, tg.nn.utils.prune

WEIGHT = [[0.5, -3.0, 1.5, -0.25], [2.0, 0.125, -1.0, 4.0], [-0.75, 0.0625, 3.5, -2.5]]


def layer():
    made = nn.Linear(4, 3)
    made.weight.data, made.bias.data = tg.tensor(WEIGHT), tg.tensor([0.5, -0.1, 2.0])
    return made


class EveryOther(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


# name of the function, its arguments, the mask of WEIGHT that PyTorch 2.13 makes; draws with the seed 0
MASKS = [
    ("identity", (), [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]),
    ("l1_unstructured", (0.3,), [[0, 1, 1, 0], [1, 0, 1, 1], [1, 0, 1, 1]]),
    ("l1_unstructured", (4,), [[0, 1, 1, 0], [1, 0, 1, 1], [1, 0, 1, 1]]),
    ("l1_unstructured", (0,), [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]),
    ("l1_unstructured", (1.0,), [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
    ("ln_structured", (1, 2, 0), [[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]),
    ("ln_structured", (0.5, 1, -1), [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]),
    ("ln_structured", (1, float("inf"), 1), [[0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]]),
    ("ln_structured", (2, float("-inf"), 0), [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]),
    ("random_unstructured", (5,), [[0, 0, 1, 1], [1, 0, 1, 0], [1, 0, 1, 1]]),
    ("random_structured", (2, 1), [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]),
]


@pytest.mark.parametrize(("name", "args", "mask"), MASKS)
def test_masks_are_pytorchs(name, args, mask):
    pruned = layer()
    tg.manual_seed(0)
    assert getattr(prune, name)(pruned, "weight", *args) is pruned
    assert pruned.weight_mask.tolist() == mask and pruned.weight_mask.dtype == pruned.weight.dtype
    assert pruned.weight.tolist() == (pruned.weight_orig * tg.tensor(mask)).tolist()
    assert pruned.weight_orig.tolist() == WEIGHT
    again = layer()
    prune.custom_from_mask(again, "weight", tg.tensor(mask) != 0)
    assert again.weight.tolist() == pruned.weight.tolist()


def test_a_second_method_prunes_what_is_left():
    pruned = layer()
    prune.ln_structured(pruned, "weight", 1, 2, 0)
    prune.l1_unstructured(pruned, "weight", 0.25)
    EveryOther.apply(pruned, "weight")
    assert pruned.weight_mask.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]]
    (hook,) = pruned._forward_pre_hooks.values()
    assert [type(method).__name__ for method in hook] == ["LnStructured", "L1Unstructured", "EveryOther"]
    assert len(hook) == 3 and type(hook[-1]) is EveryOther
    with pytest.raises(ArgumentError, match="its methods prune 'weight', the one given 'bias'"):
        hook.add_pruning_method(EveryOther.apply(layer(), "bias"))
    with pytest.raises(ArgumentError, match="is not a BasePruningMethod subclass"):
        hook.add_pruning_method(len)


def test_names_gradients_and_the_hook():
    pruned = layer()
    assert not prune.is_pruned(pruned)
    prune.l1_unstructured(pruned, "weight", 4)
    net = nn.Sequential(pruned)
    assert prune.is_pruned(net)
    assert list(net.state_dict()) == ["0.bias", "0.weight_orig", "0.weight_mask"]
    assert [name for name, _ in pruned.named_parameters()] == ["bias", "weight_orig"]
    net(tg.ones(1, 4)).sum().backward()
    assert pruned.weight_orig.grad.tolist() == pruned.weight_mask.tolist()
    with tg.no_grad():
        pruned.weight_orig.fill_(2.0)
    net(tg.ones(1, 4))  # the hook computes the weight anew
    assert pruned.weight.tolist() == (2 * pruned.weight_mask).tolist()


def test_removed_is_a_parameter_again():
    pruned = layer()
    prune.l1_unstructured(pruned, "weight", 4)
    original, value = pruned.weight_orig, pruned.weight.tolist()
    assert prune.remove(pruned, "weight") is pruned
    assert pruned.weight is original and original.tolist() == value
    assert list(pruned.state_dict()) == ["bias", "weight"] and not prune.is_pruned(pruned)
    assert len(pruned._forward_pre_hooks) == 0
    with pytest.raises(ArgumentError, match="Parameter 'weight' of module Linear"):
        prune.remove(pruned, "weight")


def test_several_as_one():
    first, second = layer(), layer()
    places = [(first, "weight"), (second, "bias"), (second, "weight")]
    prune.global_unstructured(iter(places), prune.L1Unstructured, amount=0.26)  # 7 of 27: the 8th is a tie
    masks = [getattr(module, f"{name}_mask").tolist() for module, name in places]
    same = [[1, 1, 1, 0], [1, 0, 1, 1], [1, 0, 1, 1]]
    assert masks == [same, [1, 0, 1], same]
    scores = {(first, "bias"): tg.tensor([9.0, 9.0, 0.0])}
    prune.global_unstructured([(first, "bias")], prune.L1Unstructured, importance_scores=scores, amount=1)
    assert first.bias_mask.tolist() == [1, 1, 0]
    with pytest.raises(ArgumentError, match='Only "unstructured" PRUNING_TYPE supported'):
        prune.global_unstructured(places, prune.LnStructured, amount=1, n=2)
    with pytest.raises(ArgumentError, match="parameters is not an Iterable"):
        prune.global_unstructured(3, prune.L1Unstructured, amount=1)
    with pytest.raises(ArgumentError, match="importance_scores must be of type dict"):
        prune.global_unstructured(places, prune.L1Unstructured, importance_scores=[1], amount=1)


def test_scores_and_tensors_alone():
    pruned = layer()
    prune.l1_unstructured(pruned, "bias", 1, importance_scores=tg.tensor([3.0, 2.0, 1.0]))
    assert pruned.bias_mask.tolist() == [1, 1, 0]
    t = tg.tensor([3.0, -1.0, 2.0, -4.0])
    assert prune.L1Unstructured(1).prune(t, default_mask=tg.tensor([0.0, 1.0, 1.0, 1.0])).tolist() == [0, 0, 2, -4]
    assert prune.L1Unstructured(1).prune(t, importance_scores=9 - t.abs()).tolist() == [3, -1, 2, 0]
    half = nn.Linear(2, 2).half()
    assert prune.identity(half, "weight").weight_mask.dtype == tg.float16


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m: prune.l1_unstructured(m, "weight", 1.5), ArgumentError, r"amount=1.5 should either be a float"),
        (lambda m: prune.l1_unstructured(m, "weight", -1), ArgumentError, r"amount=-1 should either be a float"),
        (lambda m: prune.l1_unstructured(m, "weight", "a"), ArgumentError, "Invalid type for amount: a"),
        (lambda m: prune.l1_unstructured(m, "weight", 99), ArgumentError, "amount=99 should be smaller than"),
        (lambda m: prune.ln_structured(m, "weight", 1, 2, 5), IndexRangeError, "Invalid index 5 for tensor of size"),
        (lambda m: prune.random_structured(m, "weight", 1, -3), IndexRangeError, "Invalid index -3"),
        (lambda m: prune.random_structured(m, "bias", 1, 0), ArgumentError, "can only be applied to multidim"),
        (lambda m: prune.custom_from_mask(m, "weight", tg.ones(2)), ShapeError, r"the mask \(2,\)"),
        (lambda m: prune.l1_unstructured(m, "weight", 1, tg.ones(2)), ShapeError, r"the importance_scores \(2,\)"),
        (lambda m: prune.identity(m, "running"), ArgumentError, "Linear.running is no parameter, it is a Tensor"),
        (lambda m: prune.identity(m, "nope"), AttributeError, "nope"),
    ],
)
def test_wrong_arguments_change_nothing(call, error, match, before):
    pruned = layer()
    pruned.register_buffer("running", tg.ones(2))
    if before:
        prune.l1_unstructured(pruned, "weight", 2)
    state, hooks = {k: v.tolist() for k, v in pruned.state_dict().items()}, dict(pruned._forward_pre_hooks)
    with pytest.raises(error, match=match):
        call(pruned)
    assert {k: v.tolist() for k, v in pruned.state_dict().items()} == state
    assert dict(pruned._forward_pre_hooks) == hooks


def test_the_hooks_of_a_module_by_number():
    module, calls = nn.Identity(), []
    handle = module.register_forward_pre_hook(lambda m, args: calls.append("before"))
    module._forward_hooks[0] = lambda m, args, result: calls.append("after")
    module(1)
    assert calls == ["before", "after"] and len(module._forward_pre_hooks) == 1
    assert repr(module._forward_pre_hooks).startswith("OrderedDict(")
    del module._forward_hooks[0]
    handle.remove()
    module._forward_pre_hooks[7] = lambda m, args: (args[0] + 1,)
    assert module(1) == 2 and list(module._forward_pre_hooks) == [7]
    module._forward_pre_hooks.clear()
    assert module(1) == 1
