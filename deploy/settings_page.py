"""Writes SETTINGS.md and deploy/.env.example anew."""

from pathlib import Path

from deploy.env_example import EXAMPLE, env_example
from movierec.chassis.settings import ServiceSettings
from movierec.chassis.settings_page import settings_page
from recommender_service.settings import RecommenderSettings
from trainer_service.settings import TrainerSettings

SERVICES: dict[str, type[ServiceSettings]] = {
    "trainer_service": TrainerSettings,
    "recommender_service": RecommenderSettings,
}
PAGE = Path(__file__).resolve().parent.parent / "SETTINGS.md"

if __name__ == "__main__":
    PAGE.write_text(settings_page(SERVICES), encoding="utf-8")
    EXAMPLE.write_text(env_example(), encoding="utf-8")
