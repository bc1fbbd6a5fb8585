from embedlab.explorers.geometry import GeometryExplorer as GeometryExplorer
from embedlab.explorers.gradient import GradientExplorer as GradientExplorer
from embedlab.explorers.lookup import LookupExplorer as LookupExplorer
from embedlab.explorers.lora import LoRAExplorer as LoRAExplorer
from embedlab.explorers.mask import MaskExplorer as MaskExplorer
from embedlab.explorers.quantize import QuantizationExplorer as QuantizationExplorer
from embedlab.explorers.training import TrainingExplorer as TrainingExplorer
from embedlab.explorers.window import WindowExplorer as WindowExplorer
